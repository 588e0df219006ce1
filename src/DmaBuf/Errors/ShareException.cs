namespace DmaBuf.Errors;

/// <summary>What is wrong with a share or with the wish to use it.</summary>
public enum ShareFault
{
    /// <summary>There is no share with this id on the channel: it was never there, or it has ended.</summary>
    Unknown,

    /// <summary>The exporter does not allow new imports any more.</summary>
    Unpublished,

    /// <summary>The peer takes no further shares.</summary>
    TooMany,

    /// <summary>The metadata does not fit the protocol or the buffer.</summary>
    BadMetadata,

    /// <summary>The share is in a state in which this is not possible.</summary>
    BadState,

    /// <summary>The exporter could not share the pages, or the importer could not use them.</summary>
    ImportFailed,

    /// <summary>A peer uses the buffer now, so writing it would change what the peer sees.</summary>
    InUse,

    /// <summary>The channel is closed.</summary>
    ChannelClosed,

    /// <summary>The channel cannot carry pages between these two sides.</summary>
    NoPages,
}

/// <summary>A share that cannot be used as wished.</summary>
public sealed class ShareException : DmaBufException
{
    internal ShareException(ShareFault fault, string message, string action, Exception? inner = null)
        : base($"Share,{fault}", message, action, inner) => Fault = fault;

    /// <summary>What is wrong.</summary>
    public ShareFault Fault { get; }
}
