using DmaBuf.Errors;

namespace DmaBuf.Frames;

/// <summary>Several sinks that get each frame, one after another. It owns them.</summary>
public sealed class SinkGroup : IFrameSink
{
    private readonly IReadOnlyList<IFrameSink> _sinks;
    private readonly Dictionary<Frame, int> _uses = [];
    private readonly Action<Frame> _releaseOne;
    private Action<Frame>? _release;

    /// <param name="sinks">The sinks, none of which may be in another group.</param>
    public SinkGroup(IReadOnlyList<IFrameSink> sinks)
    {
        _sinks = sinks;
        _releaseOne = frame =>
        {
            if (CountDown(frame))
                _release!(frame);
        };
    }

    /// <summary>True once one of them is closed.</summary>
    public bool IsClosed
    {
        get
        {
            foreach (var sink in _sinks)
            {
                if (sink.IsClosed)
                    return true;
            }

            return false;
        }
    }

    /// <inheritdoc/>
    public void Start(StreamFormat format)
    {
        foreach (var sink in _sinks)
            sink.Start(format);
    }

    /// <inheritdoc/>
    /// <exception cref="DmaBufException">One of the sinks failed.</exception>
    public FrameUse Take(Frame frame, Action<Frame> release)
    {
        _release = release;
        // One more, for this method, so that the last of them releases the frame however fast the others are.
        lock (_uses)
            _uses[frame] = _sinks.Count + 1;
        foreach (var sink in _sinks)
        {
            if (sink.Take(frame, _releaseOne) == FrameUse.Done)
                CountDown(frame);
        }

        return CountDown(frame) ? FrameUse.Done : FrameUse.Kept;
    }

    /// <summary>Disposes the sinks.</summary>
    public void Dispose()
    {
        foreach (var sink in _sinks)
            sink.Dispose();
    }

    private bool CountDown(Frame frame)
    {
        lock (_uses)
            return --_uses[frame] == 0;
    }
}
