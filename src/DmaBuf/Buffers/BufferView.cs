using DmaBuf.Errors;

namespace DmaBuf.Buffers;

/// <summary>
/// The bytes of a buffer while the processor may touch them: opening it calls DMA_BUF_IOCTL_SYNC with START, disposing
/// it with END. Copies are the same view: the first Dispose ends it. A view allocates nothing.
/// </summary>
/// <remarks>
/// The memory is shared: devices, other processes and other domains can change it at any moment, so that two reads of
/// the same byte may differ. Copy what must be checked before it is used. A span ends with its view.
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

    /// <summary>The given bytes, to read. Errors: <see cref="BufferException"/> (OutOfRange).</summary>
    /// <exception cref="ObjectDisposedException">The view has ended.</exception>
    public ReadOnlySpan<byte> Slice(long offset, int count) => new(At(offset, count), count);

    /// <summary>
    /// The given bytes, to read and write. Errors: <see cref="BufferException"/> (OutOfRange, ReadOnly).
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

    /// <summary>Ends the access. Idempotent, for this view and its copies together.</summary>
    public void Dispose() => _buffer.EndView(_access, _id);

    private byte* At(long offset, int count)
    {
        ObjectDisposedException.ThrowIf(!_buffer.IsViewOpen(_id), typeof(BufferView));
        _buffer.CheckRange(offset, count);
        return _mapping.Address + offset;
    }
}
