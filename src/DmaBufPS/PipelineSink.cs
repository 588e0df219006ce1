using DmaBuf.Frames;

namespace DmaBufPS;

/// <summary>Emits frames into the pipeline, which is done with one when it asks for the next.</summary>
internal sealed class PipelineSink(Action<object> write) : IFrameSink
{
    private StreamFormat _format;

    /// <inheritdoc/>
    public bool IsClosed => false;

    /// <inheritdoc/>
    public void Start(StreamFormat format) => _format = format;

    /// <inheritdoc/>
    public FrameUse Take(Frame frame, Action<Frame> release)
    {
        write(new VideoFrame(frame, _format));
        return FrameUse.Done;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
