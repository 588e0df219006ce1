using DmaBuf.Transport;

namespace DmaBuf.Frames;

/// <summary>
/// Shares a source's buffers with the receiver once, and then tells it of each frame in them. A buffer is filled again
/// once the receiver has acknowledged its frame.
/// </summary>
public sealed class ZeroCopySender : FrameSender
{
    private readonly BufferCarrier _carrier;
    private readonly TimeSpan? _ackTimeout;
    private readonly FramesInUse _inUse;
    private readonly byte[] _ack = new byte[VideoWire.AckSize];
    private int _ackBytes;
    private bool _hasAck;

    /// <param name="stream">The connection.</param>
    /// <param name="source">Where the frames come from.</param>
    /// <param name="carrier">How the buffers reach the receiver; the sender takes it over.</param>
    /// <param name="options">How to send them.</param>
    /// <param name="stop">Ends the run.</param>
    /// <exception cref="Errors.VideoException">ManyPlanes.</exception>
    public ZeroCopySender(
        ByteStream stream,
        FrameSource source,
        BufferCarrier carrier,
        SendOptions options,
        CancellationToken stop = default)
        : base(stream, BufferCarrier.Checked(source), options, stop)
    {
        ArgumentNullException.ThrowIfNull(options);
        _carrier = carrier;
        _ackTimeout = options.AckTimeout;
        _inUse = new FramesInUse(source);
    }

    /// <summary>Raised once, when the first frame's buffer is filled again without its ack.</summary>
    public event EventHandler? Overwriting;

    /// <inheritdoc/>
    public override FrameTransfer Transfer => _carrier.Transfer;

    /// <inheritdoc/>
    /// <remarks>One buffer stays the source's, so that it never stops.</remarks>
    private protected override bool CanSend => _inUse.Count < Math.Max(1, Source.Frames.Count - 1);

    /// <inheritdoc/>
    private protected override bool IsIdle => _inUse.Count == 0;

    /// <inheritdoc/>
    private protected override bool HasDelivered => _hasAck;

    /// <inheritdoc/>
    private protected override long NextDeadline => _inUse.NextDeadline;

    /// <inheritdoc/>
    private protected override void Prepare()
    {
        foreach (var frame in Source.Frames)
            _carrier.Send(Stream, frame, Limit);
    }

    /// <inheritdoc/>
    private protected override void Send(Frame frame)
    {
        if (frame.PlaneOffset(0) != 0)
            throw BufferCarrier.NotShared(Source, "puts a header before its frames");
        Span<byte> head = stackalloc byte[VideoWire.ZeroCopyHeadSize];
        new ZeroCopyHead(
            (uint)frame.Index,
            (uint)frame.BytesUsed,
            frame.Flags,
            BufferCarrier.HandleOf(frame),
            frame.Sequence,
            VideoTime.Of(frame.Timestamp)).Write(head);
        Stream.Send(head, Limit);
        var deadline = _ackTimeout is { } timeout
            ? Environment.TickCount64 + (long)timeout.TotalMilliseconds
            : long.MaxValue;
        _inUse.Add(frame, deadline);
    }

    /// <inheritdoc/>
    private protected override void Take(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var part = bytes[..Math.Min(bytes.Length, _ack.Length - _ackBytes)];
            part.CopyTo(_ack.AsSpan(_ackBytes));
            bytes = bytes[part.Length..];
            _ackBytes += part.Length;
            if (_ackBytes < _ack.Length)
                break;
            _ackBytes = 0;
            if (!FrameAck.TryRead(_ack, out var ack))
                throw VideoWire.Bad(Stream.Peer, "sent a message that is not an ack");
            _hasAck = true;
            if (_inUse.TryTake(ack, out var frame))
                Source.Return(frame);
            else
                Counters.StrayAcks++;
        }
    }

    /// <inheritdoc/>
    private protected override void OnTime(long now)
    {
        Counters.LateAcks += _inUse.MarkLate(now);
        if (IsOver)
        {
            // Nobody fills the buffer again, so this overwrites nothing.
            while (_inUse.TryTakeLate(out var last))
                Source.Return(last);
        }
        else if (!CanSend && _inUse.TryTakeLate(out var oldest))
        {
            Counters.Overwritten++;
            if (Counters.Overwritten == 1)
                Overwriting?.Invoke(this, EventArgs.Empty);
            Source.Return(oldest);
        }
    }

    /// <inheritdoc/>
    private protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _carrier.Dispose();
    }
}
