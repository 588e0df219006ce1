using DmaBuf.Errors;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Frames;

/// <summary>Sends a source's frames to one receiver. For one thread, and one run.</summary>
public abstract class FrameSender : IDisposable
{
    /// <summary>A peer that floods this side cannot keep it from its frames for longer.</summary>
    private const int MostReads = 16;

    private readonly SendOptions _options;
    private readonly WaitLimit _limit;
    private readonly StreamInput _input;
    private readonly string _waitText;
    private bool _isNew = true;

    private protected FrameSender(ByteStream stream, FrameSource source, SendOptions options, CancellationToken stop)
    {
        Stream = stream;
        Source = source;
        _options = options;
        _limit = new WaitLimit(null, stop);
        _input = new StreamInput(stream, stop);
        _waitText = $"a frame of {source.Name}";
    }

    /// <summary>How the frames reach the receiver.</summary>
    public abstract FrameTransfer Transfer { get; }

    /// <summary>What has been done until now.</summary>
    public StreamSummary Summary => new()
    {
        Format = Source.Format,
        Peer = Stream.Peer,
        Transfer = Transfer,
        Memory = Source.MemoryKind,
        Frames = Counters.Frames,
        Bytes = Counters.Bytes,
        Elapsed = Counters.Elapsed,
        Dropped = Source.Dropped,
        Damaged = Counters.Damaged,
        LateAcks = Counters.LateAcks,
        Overwritten = Counters.Overwritten,
        StrayAcks = Counters.StrayAcks,
        Copied = Source.Copied,
    };

    private protected ByteStream Stream { get; }

    private protected FrameSource Source { get; }

    private protected StreamCounters Counters { get; } = new();

    /// <summary>The limit of a message: none but cancellation, because a slow receiver holds the source back.</summary>
    private protected WaitLimit Limit => _limit;

    /// <summary>Whether no further frame will be sent: all that were asked for are, or there are no more.</summary>
    public bool IsOver => Counters.Frames >= _options.FrameCount || Source.HasEnded;

    /// <summary>Whether another frame may be sent now.</summary>
    private protected virtual bool CanSend => true;

    /// <summary>Whether all frames that were sent are done with.</summary>
    private protected virtual bool IsIdle => true;

    /// <summary>Whether the receiver has taken a frame, as far as this side can tell.</summary>
    private protected virtual bool HasDelivered => Counters.Frames > 0;

    /// <summary>When to look again although nothing happens, on the clock of TickCount64.</summary>
    private protected virtual long NextDeadline => long.MaxValue;

    /// <summary>Frees what the sender made; the stream and the source stay their owner's.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>
    /// Sends frames until there are no more, the number that was asked for is sent, or the receiver closes the
    /// connection.
    /// </summary>
    /// <param name="report">Called with each frame that was sent.</param>
    /// <exception cref="PeerException">
    /// BadMessage: the receiver sent a message that is not an ack. ClosedEarly: it closed the connection before it took
    /// a frame.
    /// </exception>
    /// <exception cref="DmaBufException">The source failed.</exception>
    /// <exception cref="OperationCanceledException">The run was stopped.</exception>
    public void Run(Action<FrameSender>? report = null)
    {
        if (!_isNew)
            throw new InvalidOperationException("A sender runs once.");
        _isNew = false;
        try
        {
            SendHello();
            Prepare();
            Source.Start();
            while (TakeStep(report))
            {
            }
        }
        catch (KernelException e) when (IsEnd(e))
        {
            // The receiver wants no more frames.
        }

        if (!HasDelivered && !IsOver)
        {
            throw new PeerException(PeerFault.ClosedEarly, Stream.Peer, "closed the connection before it took a frame",
                "It refused the stream, or it failed: look at its own messages.");
        }
    }

    private protected virtual void Dispose(bool disposing)
    {
        _input.Dispose();
        _limit.Dispose();
    }

    /// <summary>Sends what comes after the hello and before the frames.</summary>
    private protected virtual void Prepare()
    {
    }

    /// <summary>Sends a frame. Returns its buffer to the source, now or later.</summary>
    private protected abstract void Send(Frame frame);

    /// <summary>Takes the bytes that the receiver sent.</summary>
    /// <exception cref="PeerException">BadMessage.</exception>
    private protected virtual void Take(ReadOnlySpan<byte> bytes)
    {
    }

    /// <summary>Does what is due by the clock.</summary>
    private protected virtual void OnTime(long now)
    {
    }

    private static bool IsEnd(KernelException e) => e is
    {
        Call: "send" or "sendmsg", Errno: Interop.Errno.EPIPE or Interop.Errno.ECONNRESET,
    };

    private void SendHello()
    {
        Span<byte> bytes = stackalloc byte[VideoWire.HelloSize];
        Source.Format.Write(bytes);
        Stream.Send(bytes, _limit);
    }

    /// <returns>False once the stream is over.</returns>
    private bool TakeStep(Action<FrameSender>? report)
    {
        _limit.Cancellation.ThrowIfCancellationRequested();
        ReadPeer();
        if (_input.HasEnded)
            return false;
        OnTime(Environment.TickCount64);
        var frame = CanSend && !IsOver ? Source.TryNext() : null;
        if (frame is null)
        {
            if (IsOver && IsIdle)
                return false;
            Wait();
            return true;
        }

        if (frame.IsDamaged)
        {
            Counters.Damaged++;
            Source.Return(frame);
            return true;
        }

        Counters.Start();
        var bytes = frame.BytesUsed;
        Send(frame);
        Counters.Count(bytes);
        report?.Invoke(this);
        return true;
    }

    private void ReadPeer()
    {
        Span<byte> bytes = stackalloc byte[1024];
        if (!CanSend)
            Take(bytes[.._input.ReadSoon(bytes)]);
        // A send that waited may have taken the event of an ack that came with it.
        if (!Stream.TellsOfUnread)
            Take(bytes[.._input.Read(bytes)]);
        for (var i = 0; i < MostReads && _input.MayHaveData; i++)
            Take(bytes[.._input.Read(bytes)]);
    }

    private void Wait()
    {
        var wantsFrame = CanSend && !IsOver;
        var until = NextDeadline;
        if (wantsFrame && Source.Descriptor is null)
            until = Math.Min(until, Source.NextAt);
        var left = until == long.MaxValue
            ? -1
            : (int)Math.Clamp(until - Environment.TickCount64, 0, int.MaxValue);
        if (left != 0)
            _input.Wait(wantsFrame ? Source.Descriptor : null, left, _waitText);
    }
}
