using DmaBuf.Frames;

namespace DmaBuf.Tests;

/// <summary>A sink that passes each frame to a test, which may keep it.</summary>
internal sealed class TestSink(Func<Frame, FrameUse> take) : IFrameSink
{
    public TestSink(Action<Frame>? take = null)
        : this(frame =>
        {
            take?.Invoke(frame);
            return FrameUse.Done;
        })
    {
    }

    public StreamFormat Format { get; private set; }

    /// <summary>Releases a frame that the test kept.</summary>
    public Action<Frame>? Release { get; private set; }

    public bool IsClosed { get; set; }

    public void Start(StreamFormat format) => Format = format;

    public FrameUse Take(Frame frame, Action<Frame> release)
    {
        Release = release;
        return take(frame);
    }

    public void Dispose()
    {
    }
}
