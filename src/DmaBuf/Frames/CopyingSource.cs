using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Frames;

/// <summary>
/// Another source's frames, each copied once into memory that a peer can map. For a camera whose driver captures into
/// its own memory only, on a kernel that cannot grant that memory.
/// </summary>
internal sealed class CopyingSource : FrameSource
{
    private readonly FrameSource _inner;
    private readonly List<Frame> _frames = [];
    private readonly Queue<Frame> _free = new();
    private long _copied;

    /// <param name="inner">The source, which this one takes over.</param>
    /// <param name="allocate">Makes the memory, by its size in bytes.</param>
    /// <exception cref="VideoException">ManyPlanes.</exception>
    public CopyingSource(FrameSource inner, Func<long, DmaBuffer> allocate)
    {
        _inner = inner;
        try
        {
            BufferCarrier.CheckPlanes(inner);
            for (var i = 0; i < inner.Format.BufferCount; i++)
            {
                _frames.Add(new Frame(i, allocate(inner.Format.SizeImage)));
                _free.Enqueue(_frames[i]);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override string Name => _inner.Name;

    /// <inheritdoc/>
    public override StreamFormat Format => _inner.Format;

    /// <inheritdoc/>
    public override IReadOnlyList<Frame> Frames => _frames;

    /// <inheritdoc/>
    public override long Dropped => _inner.Dropped;

    /// <inheritdoc/>
    public override long Copied => _copied;

    /// <inheritdoc/>
    public override string? MemoryKind => _inner.MemoryKind;

    /// <inheritdoc/>
    internal override bool HasEnded => _inner.HasEnded;

    /// <inheritdoc/>
    internal override FileDescriptor? Descriptor => _inner.Descriptor;

    /// <inheritdoc/>
    internal override long NextAt => _inner.NextAt;

    /// <inheritdoc/>
    public override void Dispose()
    {
        _inner.Dispose();
        _frames.ForEach(frame => frame.Buffer.Dispose());
    }

    /// <inheritdoc/>
    internal override void Start() => _inner.Start();

    /// <inheritdoc/>
    internal override Frame? TryNext()
    {
        if (_free.Count == 0 || _inner.TryNext() is not { } taken)
            return null;
        var frame = _free.Dequeue();
        if (!taken.IsDamaged)
            Copy(taken, frame);
        frame.Renew(taken.BytesUsed);
        frame.Flags = taken.Flags;
        frame.Sequence = taken.Sequence;
        frame.Timestamp = taken.Timestamp;
        frame.IsDamaged = taken.IsDamaged;
        _inner.Return(taken);
        return frame;
    }

    /// <inheritdoc/>
    internal override void Return(Frame frame) => _free.Enqueue(frame);

    /// <exception cref="KernelException">DMA_BUF_IOCTL_SYNC.</exception>
    private void Copy(Frame from, Frame to)
    {
        using var source = from.Buffer.OpenView(BufferAccess.Read);
        using var target = to.Buffer.OpenView(BufferAccess.ReadWrite);
        source.Slice(from.PlaneOffset(0), from.BytesUsed).CopyTo(target.WritableSlice(0, from.BytesUsed));
        _copied++;
    }
}
