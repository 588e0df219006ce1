using DmaBuf.Sharing;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Frames;

/// <summary>Passes the buffers' descriptors over a unix socket.</summary>
public sealed class DescriptorCarrier : BufferCarrier
{
    /// <inheritdoc/>
    public override FrameTransfer Transfer => FrameTransfer.Descriptors;

    /// <inheritdoc/>
    public override void Dispose()
    {
    }

    /// <inheritdoc/>
    internal override void Send(ByteStream stream, Frame frame, WaitLimit limit)
    {
        var bytes = new byte[VideoWire.HandleSize];
        new BufferHandle(VideoWire.Descriptor, HandleOf(frame), (ulong)frame.Buffer.Size, 0, 0, 0).Write(bytes, []);
        stream.Send(bytes, limit);
        DescriptorHandOff.Send(stream, frame.Buffer, limit);
    }
}
