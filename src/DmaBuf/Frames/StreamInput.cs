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
    private readonly ByteStream _stream;
    private readonly CancellationToken _cancellation;
    private readonly WaitSet _set;
    private long _lookForPeerAt = Environment.TickCount64 + LookForPeerMilliseconds;

    public StreamInput(ByteStream stream, CancellationToken cancellation)
    {
        _stream = stream;
        _cancellation = cancellation;
        _set = new WaitSet(cancellation);
    }

    /// <summary>Whether the peer has closed the connection. What it sent before has been read by then.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Reads what is there, without waiting.</summary>
    /// <returns>The number of bytes; 0 where there are none now, or no more at all.</returns>
    public int Read(Span<byte> bytes)
    {
        if (HasEnded)
            return 0;
        try
        {
            var count = _stream.TryReceive(bytes, out var descriptor);
            // No message of a running stream has one.
            descriptor?.Dispose();
            HasEnded = count == 0;
            return Math.Max(count, 0);
        }
        catch (KernelException e) when (e.Errno is Errno.ECONNRESET or Errno.EPIPE)
        {
            // The peer closed before it read everything.
            HasEnded = true;
            return 0;
        }
    }

    /// <summary>Waits until the peer may have sent something, another descriptor has an event, or the time is over.
    /// <see cref="Read"/> must have found nothing before.</summary>
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
            _stream.TakeEvent();
        LookForPeer();
    }

    public void Dispose() => _set.Dispose();

    private void LookForPeer()
    {
        if (!_stream.CanVanish || Environment.TickCount64 < _lookForPeerAt)
            return;
        _lookForPeerAt = Environment.TickCount64 + LookForPeerMilliseconds;
        using var limit = new WaitLimit(TimeSpan.FromSeconds(1), _cancellation);
        _stream.LookForPeer(limit);
    }
}
