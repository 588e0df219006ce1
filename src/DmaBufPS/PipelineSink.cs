using DmaBuf.Frames;

namespace DmaBufPS;

/// <summary>Emits frames into the pipeline, which is done with one when it asks for the next.</summary>
internal sealed class PipelineSink(PictureOptions options, Action<object> write) : IFrameSink
{
    private StreamFormat _format;
    private int? _stride;

    /// <inheritdoc/>
    public bool IsClosed => false;

    /// <inheritdoc/>
    public void Start(StreamFormat format)
    {
        _format = format;
        _stride = PixelFormats.Known.Contains(format.PixelFormat)
            ? PictureFormat.Create(format, options).Layout.Planes[0].Stride
            : options.Stride;
    }

    /// <inheritdoc/>
    public FrameUse Take(Frame frame, Action<Frame> release)
    {
        write(new VideoFrame(frame, _format, _stride));
        return FrameUse.Done;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
