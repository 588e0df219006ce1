namespace DmaBuf.Buffers;

/// <summary>
/// Pages of a buffer that one side lets another use: pure data, which can be shown, stored and sent. Each kind says in
/// its own way which pages these are.
/// </summary>
public abstract record SharedPages
{
    /// <summary>The bytes of one page.</summary>
    public abstract int PageSize { get; }

    /// <summary>
    /// Tells the process that shares them which of its shares these are, also after they were stored or sent; null where
    /// they were put together from numbers.
    /// </summary>
    public Guid? ShareId { get; init; }

    /// <summary>How many pages there are.</summary>
    public abstract int Count { get; }

    /// <summary>The buffer's size in bytes.</summary>
    public long Size => (long)Count * PageSize;
}
