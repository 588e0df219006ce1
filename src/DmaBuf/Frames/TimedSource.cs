using DmaBuf.Buffers;
using DmaBuf.Errors;

namespace DmaBuf.Frames;

/// <summary>What frames come from that this process makes, by the clock.</summary>
public abstract class TimedSource : FrameSource
{
    /// <summary>Frames a second, where nothing else is known.</summary>
    internal const double DefaultRate = 30;

    private readonly Queue<Frame> _free = new();
    private readonly List<Frame> _frames = [];
    private readonly double _frameRate;
    private ulong _next;
    private long _start;
    private long _dropped;
    private bool _hasEnded;

    private protected TimedSource(StreamFormat format, double frameRate, Func<long, DmaBuffer> allocate)
    {
        Format = format;
        _frameRate = frameRate;
        try
        {
            for (var i = 0; i < format.BufferCount; i++)
            {
                _frames.Add(new Frame(i, allocate(format.SizeImage)));
                _free.Enqueue(_frames[i]);
            }
        }
        catch
        {
            FreeBuffers();
            throw;
        }
    }

    /// <inheritdoc/>
    public override StreamFormat Format { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<Frame> Frames => _frames;

    /// <inheritdoc/>
    public override long Dropped => _dropped;

    /// <inheritdoc/>
    internal override bool HasEnded => _hasEnded;

    /// <inheritdoc/>
    internal override long NextAt => _frameRate > 0 ? _start + (long)(_next * 1000 / _frameRate) : 0;

    /// <inheritdoc/>
    public override void Dispose()
    {
        FreeBuffers();
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    internal override void Start() => _start = Environment.TickCount64;

    /// <inheritdoc/>
    internal override Frame? TryNext()
    {
        if (_hasEnded || _free.Count == 0 || Environment.TickCount64 < NextAt)
            return null;
        var frame = _free.Peek();
        if (!TryFill(frame.Buffer, _next))
        {
            _hasEnded = true;
            return null;
        }

        _free.Dequeue();
        frame.Renew(Format.SizeImage);
        frame.Sequence = _next;
        frame.Timestamp = TimeSpan.FromMilliseconds(Environment.TickCount64);
        _next++;
        SkipLate();
        return frame;
    }

    /// <inheritdoc/>
    internal override void Return(Frame frame) => _free.Enqueue(frame);

    /// <summary>Fills a buffer with the frame of a number; numbers that were dropped are left out.</summary>
    /// <returns>False where there is no such frame.</returns>
    /// <exception cref="DmaBufException">The frame cannot be read.</exception>
    private protected abstract bool TryFill(DmaBuffer buffer, ulong number);

    /// <summary>Whether a frame may be left out where the receiver is slow, as a camera does it.</summary>
    private protected virtual bool CanSkip => true;

    /// <summary>Leaves out the frames whose time is over, but for the last.</summary>
    private void SkipLate()
    {
        if (_frameRate <= 0)
            return;
        var due = (ulong)Math.Max(0, (Environment.TickCount64 - _start) * _frameRate / 1000);
        if (due <= _next)
            return;
        if (CanSkip)
        {
            _dropped += (long)(due - _next);
            _next = due;
        }
        else
        {
            // A file loses no frame: the rest comes later.
            _start += (long)((due - _next) * 1000 / _frameRate);
        }
    }

    private void FreeBuffers() => _frames.ForEach(frame => frame.Buffer.Dispose());
}
