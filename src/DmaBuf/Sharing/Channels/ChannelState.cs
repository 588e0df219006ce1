namespace DmaBuf.Sharing.Channels;

/// <summary>Whether a channel has a peer.</summary>
public enum ChannelState
{
    /// <summary>The peer is connected.</summary>
    Open,

    /// <summary>The connection has ended, and the channel tries to connect again until it is closed.</summary>
    Reconnecting,

    /// <summary>The channel has ended.</summary>
    Closed,
}
