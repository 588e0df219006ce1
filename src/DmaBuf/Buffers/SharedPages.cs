namespace DmaBuf.Buffers;

/// <summary>
/// Pages of a buffer that one side lets another use: pure data, which can be shown, stored and sent. Each derived
/// record identifies the pages in its own way.
/// </summary>
public abstract record SharedPages
{
    /// <summary>The bytes of one page.</summary>
    public abstract int PageSize { get; }

    /// <summary>
    /// Identifies the share in the process that made it, even after the pages were stored or sent; null for pages put
    /// together from numbers.
    /// </summary>
    public Guid? ShareId { get; init; }

    /// <summary>How many pages there are.</summary>
    public abstract int Count { get; }

    /// <summary>The buffer's size in bytes.</summary>
    public long Size => (long)Count * PageSize;
}
