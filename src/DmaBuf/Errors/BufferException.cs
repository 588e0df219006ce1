namespace DmaBuf.Errors;

/// <summary>Why a request on a buffer cannot be met, found before or instead of a kernel call.</summary>
public enum BufferFault
{
    /// <summary>The size is zero, negative, or not a multiple of the page size.</summary>
    BadSize,

    /// <summary>
    /// The machine does not have that much free memory; allocating it would call the out-of-memory killer.
    /// </summary>
    NotEnoughMemory,

    /// <summary>The offset is negative, or not a multiple of the page size where that is required.</summary>
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

    /// <summary>The kernel's pages are larger than the pages of a grant.</summary>
    PageSize,

    /// <summary>A domain cannot share with itself by grants.</summary>
    OwnDomain,

    /// <summary>The references are for, or of, another domain than the one they are used with.</summary>
    OtherDomain,

    /// <summary>The references were not granted by this session, or have been revoked.</summary>
    NoLease,

    /// <summary>This session sent it to no peer, so no peer can report that it is done.</summary>
    NoPeer,

    /// <summary>This session ended the link to the peer, so it can no longer tell whether that peer is done.</summary>
    LinkEnded,

    /// <summary>The kernel reports a release only of dma-bufs made from grant references.</summary>
    CannotWait,

    /// <summary>The count of bytes is not a multiple of the size of the words to read.</summary>
    PartialWord,
}

/// <summary>A request on a buffer that cannot be met.</summary>
public sealed class BufferException : DmaBufException
{
    internal BufferException(BufferFault fault, string message, string? action = null)
        : base($"Buffer,{fault}", message, action) => Fault = fault;

    /// <summary>The use of a buffer that was removed.</summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="reason">Why, where it was not its user who removed it.</param>
    public static BufferException Removed(object buffer, string? reason = null) =>
        new(BufferFault.Removed, reason is null ? $"{buffer} was removed." : $"{buffer} has ended: {reason}.",
            "Make or receive it again.");

    /// <summary>A wait for a peer whose link was ended by another part of this process.</summary>
    public static BufferException LinkEnded(string peer) =>
        new(BufferFault.LinkEnded, $"The link to {peer} was ended during the wait for that peer's release.",
            "The references were revoked, or the buffer or the offer in xenstore was removed, so it is unknown whether "
            + "that peer is done.");

    /// <summary>What was wrong.</summary>
    public BufferFault Fault { get; }
}
