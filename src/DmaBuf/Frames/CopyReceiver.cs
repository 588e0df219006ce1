using DmaBuf.Buffers;
using DmaBuf.Transport;

namespace DmaBuf.Frames;

/// <summary>Receives frames whose bytes come over the stream, into buffers of its own.</summary>
public sealed class CopyReceiver : FrameReceiver
{
    private readonly List<Frame> _frames = [];

    /// <param name="stream">The connection.</param>
    /// <param name="sink">Where the frames go.</param>
    /// <param name="options">How to receive them.</param>
    /// <param name="stop">Ends the run.</param>
    public CopyReceiver(ByteStream stream, IFrameSink sink, ReceiveOptions options, CancellationToken stop = default)
        : base(stream, sink, options, stop) => Transfer = FrameTransfer.Copy;

    /// <inheritdoc/>
    private protected override int HeadSize => VideoWire.CopyHeadSize;

    /// <inheritdoc/>
    private protected override void Prepare()
    {
        for (var i = 0; i < Format.BufferCount; i++)
            _frames.Add(new Frame(i, Options.Allocate(Format.SizeImage)));
    }

    /// <inheritdoc/>
    private protected override void Take(ReadOnlySpan<byte> head)
    {
        if (!CopyHead.TryRead(head, out var next))
            throw VideoWire.Bad(Stream.Peer, "sent a message that is not a frame");
        if (next.BytesUsed > Format.SizeImage)
        {
            throw VideoWire.Bad(
                Stream.Peer, $"sent a frame of {next.BytesUsed} bytes, more than the {Format.SizeImage} it announced");
        }

        var frame = _frames[(int)(next.Index % (uint)_frames.Count)];
        WaitFor(frame);
        // This side's own sink may have taken its time.
        Messages.BeginPart();
        var bytes = (int)next.BytesUsed;
        using (var view = frame.Buffer.OpenView(BufferAccess.ReadWrite))
            Messages.Fill(view.WritableSlice(0, bytes));
        Deliver(frame, bytes, next.Flags, next.Sequence, next.Timestamp);
    }

    /// <inheritdoc/>
    private protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _frames.ForEach(frame => frame.Buffer.Dispose());
    }
}
