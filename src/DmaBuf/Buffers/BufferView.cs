using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Buffers;

/// <summary>
/// The bytes of a buffer while the processor may touch them: opening it calls DMA_BUF_IOCTL_SYNC with START, disposing
/// it with END. Dispose it exactly once. A view allocates nothing.
/// </summary>
/// <remarks>
/// The memory is shared: devices, other processes and other domains can change it at any moment, so that two reads of
/// the same byte may differ. Copy what must be checked before it is used.
/// </remarks>
public readonly unsafe ref struct BufferView
{
    private readonly DmaBuffer _buffer;
    private readonly FileDescriptor _fd;
    private readonly Mapping _mapping;
    private readonly ulong _sync;

    internal BufferView(DmaBuffer buffer, FileDescriptor fd, Mapping mapping, BufferAccess access)
    {
        _buffer = buffer;
        _fd = fd;
        _mapping = mapping;
        _sync = access == BufferAccess.Read
            ? DmaBufUapi.DMA_BUF_SYNC_READ
            : DmaBufUapi.DMA_BUF_SYNC_READ | DmaBufUapi.DMA_BUF_SYNC_WRITE;
        if (buffer.IsDmaBuf && !DmaBufUapi.Sync(fd, DmaBufUapi.DMA_BUF_SYNC_START | _sync))
            throw new KernelException("DMA_BUF_IOCTL_SYNC", Errno.Last, buffer.ToString());
    }

    /// <summary>The buffer's size in bytes.</summary>
    public long Size => _mapping.Length;

    /// <summary>The given bytes, to read. Errors: <see cref="BufferException"/> (OutOfRange).</summary>
    public ReadOnlySpan<byte> Slice(long offset, int count)
    {
        _buffer.CheckRange(offset, count);
        return new ReadOnlySpan<byte>(_mapping.Address + offset, count);
    }

    /// <summary>The given bytes, to read and write. Errors: <see cref="BufferException"/> (OutOfRange, ReadOnly).</summary>
    public Span<byte> WritableSlice(long offset, int count)
    {
        if ((_sync & DmaBufUapi.DMA_BUF_SYNC_WRITE) == 0)
            throw new BufferException(BufferFault.ReadOnly, "This view was opened for reading.", "Open it with BufferAccess.ReadWrite.");
        _buffer.CheckRange(offset, count);
        return new Span<byte>(_mapping.Address + offset, count);
    }

    /// <summary>Ends the access.</summary>
    public void Dispose()
    {
        try
        {
            if (_buffer.IsDmaBuf && !DmaBufUapi.Sync(_fd, DmaBufUapi.DMA_BUF_SYNC_END | _sync))
                throw new KernelException("DMA_BUF_IOCTL_SYNC", Errno.Last, _buffer.ToString());
        }
        finally
        {
            _buffer.ReleaseMapping(_mapping);
        }
    }
}
