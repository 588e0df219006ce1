using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Frames;

/// <summary>Receives one sender's frames and passes them to a sink. For one thread, and one run.</summary>
public abstract class FrameReceiver : IDisposable
{
    private const ulong LargestGap = int.MaxValue;
    private readonly IFrameSink _sink;
    private readonly Action<Frame> _release;
    private readonly WaitLimit _waits;
    private readonly FileDescriptor _released;
    private readonly List<Frame> _kept = [];
    private bool _isWaiting;
    private ulong? _lastSequence;
    private bool _isNew = true;

    private protected FrameReceiver(
        ByteStream stream, IFrameSink sink, ReceiveOptions options, CancellationToken stop)
    {
        Stream = stream;
        Options = options;
        _sink = sink;
        _release = Release;
        _waits = new WaitLimit(null, stop);
        Messages = new SenderMessages(stream, stop);
        if (Poll.CreateEvent() is { } released)
        {
            _released = released;
            return;
        }

        var errno = Errno.Last;
        Messages.Dispose();
        throw new KernelException("eventfd", errno, "this process");
    }

    /// <summary>How the frames come.</summary>
    public FrameTransfer Transfer { get; private protected set; }

    /// <summary>What the sender announced.</summary>
    public StreamFormat Format { get; private set; }

    /// <summary>What has been done until now.</summary>
    public StreamSummary Summary => new()
    {
        Format = Format,
        Peer = Stream.Peer,
        Transfer = Transfer,
        Frames = Counters.Frames,
        Bytes = Counters.Bytes,
        Elapsed = Counters.Elapsed,
        Dropped = Counters.Dropped,
    };

    private protected ByteStream Stream { get; }

    private protected ReceiveOptions Options { get; }

    private protected SenderMessages Messages { get; }

    private protected StreamCounters Counters { get; } = new();

    /// <summary>The bytes of a frame's head.</summary>
    private protected abstract int HeadSize { get; }

    /// <summary>Frees the buffers; the stream and the sink stay their owner's.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>
    /// Receives frames until the sender closes the connection, the sink is closed, or the number that was asked for has
    /// come.
    /// </summary>
    /// <param name="report">Called with each frame that the sink has taken.</param>
    /// <exception cref="PeerException">
    /// BadMessage, Incompatible, TooLarge, ClosedEarly, Stalled: what the sender sent.
    /// </exception>
    /// <exception cref="DmaBufException">The sink failed, or there is no memory for the buffers.</exception>
    /// <exception cref="OperationCanceledException">The run was stopped.</exception>
    public void Run(Action<FrameReceiver>? report = null)
    {
        if (!_isNew)
            throw new InvalidOperationException("A receiver runs once.");
        _isNew = false;
        Span<byte> hello = stackalloc byte[VideoWire.HelloSize];
        Messages.BeginPart();
        Messages.Fill(hello);
        Format = StreamFormat.Read(hello, Options.Limits, Stream.Peer);
        // Before there are buffers, because the sink may not take such frames.
        _sink.Start(Format);
        Prepare();
        Span<byte> head = stackalloc byte[HeadSize];
        try
        {
            while (Counters.Frames < Options.FrameCount && !_sink.IsClosed && Messages.TryBegin(head, _sink))
            {
                Counters.Start();
                Take(head);
                report?.Invoke(this);
            }
        }
        catch (BufferException e) when (
            e.Fault == BufferFault.Removed && Options.Guest is not null && Stream.HasEnded)
        {
            // A guest's buffers end with its connection, even if frames in them are still to be taken.
        }

        CheckAcks();
    }

    private protected virtual void Dispose(bool disposing)
    {
        // What a sink still keeps is nobody's any more: releasing it later does nothing.
        lock (_kept)
        {
            _kept.ForEach(frame => frame.Expire());
            _kept.Clear();
            _isWaiting = false;
        }

        Messages.Dispose();
        _waits.Dispose();
        _released.Dispose();
    }

    /// <summary>Throws the failure of an ack that another thread sent.</summary>
    private protected virtual void CheckAcks()
    {
    }

    /// <summary>Makes the buffers, or receives them.</summary>
    private protected abstract void Prepare();

    /// <summary>Receives the frame whose head came, and passes it to the sink.</summary>
    private protected abstract void Take(ReadOnlySpan<byte> head);

    /// <summary>
    /// Lets the sender use the buffer of the frame with this number again. Called on any thread.
    /// </summary>
    private protected virtual void OnDone(Frame frame, ulong sequence)
    {
    }

    /// <summary>Passes a frame to the sink.</summary>
    private protected void Deliver(Frame frame, int bytes, uint flags, ulong sequence, VideoTime time)
    {
        frame.Renew(bytes);
        frame.Flags = flags;
        frame.Sequence = sequence;
        frame.Timestamp = time.ToTimeSpan();
        if (_lastSequence is { } last && sequence > last && sequence - last < LargestGap)
            Counters.Dropped += (long)(sequence - last - 1);
        _lastSequence = sequence;
        // Before the sink has it, because it may release the frame at once, on another thread.
        lock (_kept)
            _kept.Add(frame);
        if (_sink.Take(frame, _release) == FrameUse.Done)
            Release(frame);
        Counters.Count(bytes);
    }

    /// <summary>Waits until the sink has released a frame that it kept.</summary>
    private protected void WaitFor(Frame frame)
    {
        while (true)
        {
            lock (_kept)
            {
                _isWaiting = _kept.Contains(frame);
                if (!_isWaiting)
                    return;
            }

            _waits.ForEvent(_released, Poll.POLLIN, "a frame that is in use here");
            Poll.Reset(_released);
        }
    }

    private void Release(Frame frame)
    {
        ulong sequence;
        lock (_kept)
        {
            if (!_kept.Remove(frame))
                return;
            // From here on, another frame can come into the buffer.
            sequence = frame.Sequence;
            frame.Expire();
            if (_isWaiting)
                Poll.Signal(_released);
        }

        OnDone(frame, sequence);
    }
}
