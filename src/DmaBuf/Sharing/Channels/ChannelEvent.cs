namespace DmaBuf.Sharing.Channels;

/// <summary>What happened on a channel.</summary>
public enum ChannelEventType
{
    /// <summary>The peer offers a new share.</summary>
    Published,

    /// <summary>The peer sent a share's metadata again, usually because its content is new.</summary>
    Updated,

    /// <summary>The peer takes no new imports of a share, at once or after a delay.</summary>
    Unpublishing,

    /// <summary>A share has ended after it was unpublished, on either side.</summary>
    Unpublished,

    /// <summary>The peer has imported a share and uses it.</summary>
    Imported,

    /// <summary>The peer could not import a share, or this side could not give it the pages.</summary>
    ImportFailed,

    /// <summary>The peer uses a share again.</summary>
    Acquired,

    /// <summary>The peer has stopped using a share.</summary>
    Released,

    /// <summary>The peer does not have a share's pages any more.</summary>
    Removed,

    /// <summary>The peer does not take a share.</summary>
    Refused,

    /// <summary>The channel has ended.</summary>
    Closed,

    /// <summary>The connection has ended, with all shares on it, and the channel connects again.</summary>
    Disconnected,

    /// <summary>The channel has connected again.</summary>
    Connected,
}

/// <summary>Why the peer gave something back, or why a channel or its connection ended.</summary>
public enum ChannelEndReason
{
    /// <summary>It does not say, or nothing ended.</summary>
    None,

    /// <summary>The peer removed the buffer.</summary>
    Removed,

    /// <summary>This side disconnected.</summary>
    Closed,

    /// <summary>The peer disconnected.</summary>
    PeerDisconnected,

    /// <summary>The peer's process ended, or closed the connection without a word.</summary>
    PeerEnded,

    /// <summary>The connection failed, or the peer broke the protocol.</summary>
    Broken,
}

/// <summary>Something that happened on a channel.</summary>
/// <param name="Type">What.</param>
/// <param name="Channel">The channel.</param>
/// <param name="Share">The share, or null where it concerns the channel.</param>
/// <param name="Reason">Why something ended.</param>
/// <param name="Text">What the peer said of it, or a failure's message; null without.</param>
/// <param name="Time">When this side learned of it.</param>
public readonly record struct ChannelEvent(
    ChannelEventType Type,
    Channel Channel,
    ChannelShare? Share,
    ChannelEndReason Reason,
    string? Text,
    DateTimeOffset Time)
{
    /// <summary>A number that orders the events of all channels.</summary>
    internal long Sequence { get; init; }

    /// <summary>The share's id, or null where it concerns the channel.</summary>
    public ShareId? Id => Share?.Id;

    /// <summary>The share's name, or null.</summary>
    public string? Name => Share?.Name;
}

/// <summary>The data of <see cref="Channel.EventReceived"/>.</summary>
public sealed class ChannelEventArgs : EventArgs
{
    internal ChannelEventArgs(in ChannelEvent item) => Event = item;

    /// <summary>What happened.</summary>
    public ChannelEvent Event { get; }
}
