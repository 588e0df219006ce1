using System.Diagnostics;
using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Frames;

/// <summary>
/// What a peer sends while this side also waits for something else, such as a camera. Waiting allocates nothing.
/// </summary>
internal sealed class StreamInput : IDisposable
{
    private const int LookForPeerMilliseconds = 5000;

    /// <summary>
    /// How long to look again and again before the thread sleeps: an answer that needs no work comes within a few
    /// microseconds, and going to sleep and being woken takes longer. One processor must not keep the peer from it.
    /// </summary>
    private static readonly long s_spinTicks = Environment.ProcessorCount > 1 ? Stopwatch.Frequency / 50_000 : 0;

    private readonly ByteStream _stream;
    private readonly CancellationToken _cancellation;
    private readonly WaitSet _set;
    private long _lookForPeerAt = Environment.TickCount64 + LookForPeerMilliseconds;

    public StreamInput(ByteStream stream, CancellationToken cancellation)
    {
        _stream = stream;
        MayHaveData = !stream.TellsOfUnread;
        _cancellation = cancellation;
        _set = new WaitSet(cancellation);
    }

    /// <summary>Whether the peer has closed the connection. What it sent before has been read by then.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Whether to read before the next <see cref="Wait"/>, which reports the rest.</summary>
    public bool MayHaveData { get; private set; }

    /// <summary>Reads what is there, without waiting.</summary>
    /// <returns>The number of bytes; 0 where there are none now, or no more at all.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public int Read(Span<byte> bytes)
    {
        // A peer that always has something to say must not keep a stop from being seen.
        _cancellation.ThrowIfCancellationRequested();
        if (HasEnded)
            return 0;
        try
        {
            var count = _stream.TryReceive(bytes, out var descriptor);
            // No message of a running stream has one.
            descriptor?.Dispose();
            HasEnded = count == 0;
            // A wait on a socket returns at once if there is more; other streams tell only of what comes later.
            MayHaveData = count > 0 && (count == bytes.Length || !_stream.TellsOfUnread);
            return Math.Max(count, 0);
        }
        catch (KernelException e) when (e.Errno is Errno.ECONNRESET or Errno.EPIPE)
        {
            // The peer closed before it read everything.
            (HasEnded, MayHaveData) = (true, false);
            return 0;
        }
    }

    /// <summary>Reads what is there, or comes within 20 microseconds.</summary>
    /// <inheritdoc cref="Read"/>
    public int ReadSoon(Span<byte> bytes)
    {
        var start = Stopwatch.GetTimestamp();
        int count;
        do
        {
            count = Read(bytes);
        }
        while (count == 0 && !HasEnded && Stopwatch.GetTimestamp() - start < s_spinTicks);

        return count;
    }

    /// <summary>
    /// Waits until the peer may have sent something, another descriptor has an event, or the time is over.
    /// </summary>
    /// <param name="other">Another descriptor to wait for, or null.</param>
    /// <param name="milliseconds">The longest time to wait; negative for no limit.</param>
    /// <param name="waitedFor">What the wait is for, as a failure describes it.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="KernelException">poll: EBADF where a descriptor was disposed.</exception>
    public void Wait(FileDescriptor? other, int milliseconds, string waitedFor)
    {
        _set.Clear();
        if (!HasEnded)
            _set.Add(_stream.Descriptor, _stream.EventsFor(writing: false));
        if (other is not null)
            _set.Add(other, Poll.POLLIN);
        var slice = _stream.CanVanish && milliseconds is < 0 or > LookForPeerMilliseconds
            ? LookForPeerMilliseconds
            : milliseconds;
        if (_set.Wait(slice, waitedFor) && !HasEnded && _set.Events(0) != 0)
            TakeEvent();
        LookForPeer();
    }

    public void Dispose() => _set.Dispose();

    private void TakeEvent()
    {
        _stream.TakeEvent();
        MayHaveData = true;
    }

    private void LookForPeer()
    {
        if (!_stream.CanVanish || Environment.TickCount64 < _lookForPeerAt)
            return;
        _lookForPeerAt = Environment.TickCount64 + LookForPeerMilliseconds;
        using var limit = new WaitLimit(TimeSpan.FromSeconds(1), _cancellation);
        _stream.LookForPeer(limit);
        MayHaveData = true;
    }
}
