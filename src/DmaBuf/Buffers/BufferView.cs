using DmaBuf.Errors;

namespace DmaBuf.Buffers;

/// <summary>
/// The bytes of a buffer while the processor may access them: opening a view calls DMA_BUF_IOCTL_SYNC with START,
/// disposing it with END. Copies are the same view, and the first Dispose ends it. A view allocates nothing.
/// </summary>
/// <remarks>
/// The memory is shared: devices, other processes and other domains can change it at any moment, so two reads of the
/// same byte may differ. Copy data before checking it. A span is valid only until its view ends.
/// </remarks>
public readonly unsafe ref struct BufferView
{
    private readonly DmaBuffer _buffer;
    private readonly Mapping _mapping;
    private readonly BufferAccess _access;
    private readonly BufferViewId _id;

    internal BufferView(DmaBuffer buffer, Mapping mapping, BufferAccess access, BufferViewId id)
    {
        _buffer = buffer;
        _mapping = mapping;
        _access = access;
        _id = id;
    }

    /// <summary>The buffer's size in bytes.</summary>
    public long Size => _mapping.Length;

    /// <summary>A range of bytes, for reading. Errors: <see cref="BufferException"/> (OutOfRange, Removed).</summary>
    /// <exception cref="ObjectDisposedException">The view has ended.</exception>
    public ReadOnlySpan<byte> Slice(long offset, int count) => new(At(offset, count), count);

    /// <summary>
    /// A range of bytes, for reading and writing. Errors: <see cref="BufferException"/> (OutOfRange, ReadOnly,
    /// Removed).
    /// </summary>
    /// <exception cref="ObjectDisposedException">The view has ended.</exception>
    public Span<byte> WritableSlice(long offset, int count)
    {
        if (_access == BufferAccess.Read)
        {
            throw new BufferException(BufferFault.ReadOnly, "This view was opened for reading.",
                "Open it with BufferAccess.ReadWrite.");
        }

        return new Span<byte>(At(offset, count), count);
    }

    /// <summary>Ends the access. Idempotent, even across copies of the view.</summary>
    public void Dispose() => _buffer.EndView(_access, _id);

    private byte* At(long offset, int count)
    {
        _buffer.CheckView(_id);
        _buffer.CheckRange(offset, count);
        return _mapping.Address + offset;
    }
}
