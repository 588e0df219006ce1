namespace DmaBuf.Errors;

/// <summary>What was wrong with a request on a buffer, before or instead of a kernel call.</summary>
public enum BufferFault
{
    /// <summary>The size is zero, negative, or no multiple of the page size.</summary>
    BadSize,

    /// <summary>The machine has not that much memory free; taking it would call the out-of-memory killer.</summary>
    NotEnoughMemory,

    /// <summary>The offset is negative or no multiple of the page size where one is needed.</summary>
    BadOffset,

    /// <summary>The name has more than 31 bytes or contains a NUL.</summary>
    BadName,

    /// <summary>The range reaches past the buffer's end.</summary>
    OutOfRange,

    /// <summary>The content is longer than the room left in the buffer.</summary>
    DoesNotFit,

    /// <summary>The content is empty where something must be repeated.</summary>
    BadContent,

    /// <summary>The buffer, its descriptor or this view allows reading only.</summary>
    ReadOnly,

    /// <summary>The buffer was removed.</summary>
    Removed,

    /// <summary>The descriptor is neither a dma-buf nor a memfd sealed against shrinking.</summary>
    NotABuffer,

    /// <summary>The memory's sender could shrink it and end this process with SIGBUS.</summary>
    NotSealed,

    /// <summary>The kernel's pages are larger than those that grants are for.</summary>
    PageSize,

    /// <summary>A domain cannot share with itself by grants.</summary>
    OwnDomain,

    /// <summary>The references are for another domain, or of another, than the one they are used with.</summary>
    OtherDomain,

    /// <summary>The references were not granted by this session, or were revoked already.</summary>
    NoLease,

    /// <summary>No peer was given it by this session, so that none can report that it is done.</summary>
    NoPeer,

    /// <summary>This session ended the link to the peer, so that nothing tells any more whether that peer is done.</summary>
    LinkEnded,

    /// <summary>The kernel reports the release of dma-bufs made of grant references only.</summary>
    CannotWait,
}

/// <summary>A request on a buffer that cannot be met.</summary>
public sealed class BufferException : DmaBufException
{
    internal BufferException(BufferFault fault, string message, string? action = null)
        : base($"Buffer,{fault}", message, action) => Fault = fault;

    /// <summary>The use of a buffer that was removed.</summary>
    public static BufferException Removed(object buffer) =>
        new(BufferFault.Removed, $"{buffer} was removed.", "Make or receive it again.");

    /// <summary>A wait for a peer whose link another part of this process has ended.</summary>
    public static BufferException LinkEnded(string peer) =>
        new(BufferFault.LinkEnded, $"The link to {peer} was ended while that peer's release was waited for.",
            "The references were revoked, or the buffer or the offer in xenstore was removed, so nothing can tell any more "
            + "whether that peer is done.");

    /// <summary>What was wrong.</summary>
    public BufferFault Fault { get; }
}
