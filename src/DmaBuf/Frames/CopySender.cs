using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Transport;

namespace DmaBuf.Frames;

/// <summary>Sends each frame's bytes over the stream.</summary>
public sealed class CopySender : FrameSender
{
    /// <param name="stream">The connection.</param>
    /// <param name="source">Where the frames come from.</param>
    /// <param name="options">How to send them.</param>
    /// <param name="stop">Ends the run.</param>
    public CopySender(ByteStream stream, FrameSource source, SendOptions options, CancellationToken stop = default)
        : base(stream, source, options, stop)
    {
    }

    /// <inheritdoc/>
    public override FrameTransfer Transfer => FrameTransfer.Copy;

    /// <inheritdoc/>
    /// <exception cref="KernelException">send: EPIPE, ECONNRESET; DMA_BUF_IOCTL_SYNC.</exception>
    private protected override void Send(Frame frame)
    {
        Span<byte> head = stackalloc byte[VideoWire.CopyHeadSize];
        new CopyHead(
            (uint)frame.Index, (uint)frame.BytesUsed, frame.Flags, frame.Sequence, VideoTime.Of(frame.Timestamp))
            .Write(head);
        Stream.Send(head, Limit);
        for (var plane = 0; plane < frame.Planes.Count; plane++)
        {
            using var view = frame.Planes[plane].OpenView(BufferAccess.Read);
            Stream.Send(view.Slice(frame.PlaneOffset(plane), frame.PlaneBytes(plane)), Limit);
        }

        Source.Return(frame);
    }
}
