using DmaBuf.Guests;

namespace DmaBuf.Sharing.Channels;

/// <summary>How a channel is opened.</summary>
public sealed record ChannelOptions
{
    /// <summary>The peer's domain: needed where the stream does not tell it and pages are to cross (tcp).</summary>
    public ushort? Domain { get; init; }

    /// <summary>The guest that the peer is, whose pages it shares with this host; null where it is none.</summary>
    public GuestMemory? Guest { get; init; }

    /// <summary>How many live shares of the peer this side takes.</summary>
    public int MaxShares { get; init; } = 1024;

    /// <summary>How many events are kept until they are read; beyond that the oldest are dropped.</summary>
    public int MaxEvents { get; init; } = 4096;

    /// <summary>
    /// Whether the channel connects again when its connection ends for any other reason than that this side closes it.
    /// Only for channels that are opened to a <see cref="ChannelTarget"/>.
    /// </summary>
    public bool Reconnect { get; init; }

    /// <summary>The channel's owner, an object that the caller chooses.</summary>
    public object? Owner { get; init; }
}
