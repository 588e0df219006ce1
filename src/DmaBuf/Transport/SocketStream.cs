using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Waits;

namespace DmaBuf.Transport;

/// <summary>A stream over a connected unix, TCP or vsock socket.</summary>
internal sealed class SocketStream : ByteStream
{
    private const int LookAgainMilliseconds = 20;
    private readonly FileDescriptor _socket;
    private readonly Lock _ending = new();
    private readonly string _reading;
    private readonly string _writing;
    private int _reset;
    private volatile bool _hasEnded;

    public SocketStream(FileDescriptor socket, Endpoint endpoint)
        : base(endpoint, PeerIdentity.Of(socket, endpoint.Kind))
    {
        _socket = socket;
        // Made once, because a wait that nobody ends early shows no text.
        _reading = $"data from {Peer}";
        _writing = $"{Peer} to read";
        if (endpoint.Kind == EndpointKind.Tcp)
            Socket.KeepAlive(socket);
    }

    /// <inheritdoc/>
    /// <remarks>The kernel reports a reset once; the stream remembers it.</remarks>
    public override bool IsReset => _reset != 0;

    /// <inheritdoc/>
    internal override bool HasEnded
    {
        get
        {
            try
            {
                if (!_hasEnded && Poll.Has(_socket, Poll.POLLRDHUP))
                    Latch();
            }
            catch (ObjectDisposedException)
            {
            }

            return _hasEnded;
        }
    }

    /// <inheritdoc/>
    public override void Send(ReadOnlySpan<byte> bytes, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        while (!bytes.IsEmpty)
        {
            var sent = Socket.Send(_socket, bytes);
            if (sent >= 0)
                bytes = bytes[(int)sent..];
            else
                WaitOrThrow(Errno.Last, "send", Poll.POLLOUT, _writing, limit);
        }
    }

    /// <inheritdoc/>
    public override int Receive(Span<byte> buffer, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        while (true)
        {
            var received = Socket.Receive(_socket, buffer);
            if (received >= 0)
                return Received(received);
            WaitOrThrow(Errno.Last, "recv", Poll.POLLIN, _reading, limit);
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        if (_socket.IsDisposed)
            return;
        _socket.Dispose();
        RaiseClosed();
    }

    /// <summary>Sends one byte with a descriptor, in one sendmsg. The stream must be a unix socket.</summary>
    /// <exception cref="KernelException">sendmsg: EPIPE, ECONNRESET.</exception>
    /// <exception cref="WaitTimeoutException">The peer did not read in time.</exception>
    public void SendDescriptor(FileDescriptor passed, byte data, WaitLimit limit)
    {
        while (!ScmRights.Send(_socket, passed, data))
            WaitOrThrow(Errno.Last, "sendmsg", Poll.POLLOUT, _writing, limit);
    }

    /// <summary>
    /// Receives bytes and the descriptors that came with them, in one recvmsg. The caller owns the descriptors.
    /// </summary>
    /// <returns>The number of bytes; 0 at the stream's end.</returns>
    /// <exception cref="KernelException">recvmsg: ECONNRESET.</exception>
    /// <exception cref="WaitTimeoutException">Nothing arrived in time.</exception>
    public int ReceiveDescriptors(
        Span<byte> data, WaitLimit limit, out FileDescriptor? first, out FileDescriptor? second, out bool truncated)
    {
        while (true)
        {
            var received = ScmRights.Receive(_socket, data, out first, out second, out truncated);
            if (received >= 0)
                return Received(received);
            WaitOrThrow(Errno.Last, "recvmsg", Poll.POLLIN, $"a descriptor from {Peer}", limit);
        }
    }

    /// <inheritdoc/>
    internal override FileDescriptor Descriptor => _socket;

    /// <inheritdoc/>
    internal override short EventsFor(bool writing) => writing ? (short)(Poll.POLLIN | Poll.POLLOUT) : Poll.POLLIN;

    /// <inheritdoc/>
    internal override int TrySend(ReadOnlySpan<byte> bytes)
    {
        var sent = Socket.Send(_socket, bytes);
        return sent >= 0 ? (int)sent : WouldBlock() ? 0 : throw Failed(Errno.Last, "send");
    }

    /// <summary>Like <see cref="SendDescriptor"/>, without blocking.</summary>
    /// <returns>False where it does not go now.</returns>
    /// <exception cref="KernelException">sendmsg: EPIPE, ECONNRESET.</exception>
    internal bool TrySendDescriptor(FileDescriptor passed, byte data) =>
        ScmRights.Send(_socket, passed, data)
        || (!WouldBlock() ? throw Failed(Errno.Last, "sendmsg") : false);

    /// <inheritdoc/>
    internal override int TryReceive(Span<byte> buffer, out FileDescriptor? descriptor)
    {
        descriptor = null;
        if (Endpoint.Kind != EndpointKind.Unix)
        {
            var received = Socket.Receive(_socket, buffer);
            return received >= 0 ? Received(received) : WouldBlock() ? -1 : throw Failed(Errno.Last, "recv");
        }

        var count = ScmRights.Receive(_socket, buffer, out descriptor, out var second, out var truncated);
        if (count < 0)
            return WouldBlock() ? -1 : throw Failed(Errno.Last, "recvmsg");
        if (second is null && !truncated)
            return Received(count);
        descriptor?.Dispose();
        descriptor = null;
        second?.Dispose();
        throw second is null
            ? new KernelException("recvmsg", Errno.EMFILE, Peer)
            : new PeerException(PeerFault.TooManyDescriptors, Peer, "sent more than one descriptor at once",
                "Look at its own messages.");
    }

    /// <summary>Receives what is there, with any descriptors, from a unix socket.</summary>
    /// <param name="buffer">Room for bytes.</param>
    /// <param name="descriptors">Where descriptors are added, which the caller then owns.</param>
    /// <returns>The number of bytes; 0 at the stream's end; -1 where nothing is there.</returns>
    /// <exception cref="KernelException">recvmsg: ECONNRESET; EMFILE, also where too many came.</exception>
    internal int TryReceive(Span<byte> buffer, List<FileDescriptor> descriptors)
    {
        Span<int> numbers = stackalloc int[ScmRights.MostDescriptors];
        numbers.Fill(-1);
        var count = ScmRights.Receive(_socket, buffer, numbers, out var truncated);
        var errno = Errno.Last;
        foreach (var number in numbers)
        {
            if (number >= 0)
                descriptors.Add(new FileDescriptor(number));
        }

        if (count < 0)
            return errno == Errno.EAGAIN ? -1 : throw Failed(errno, "recvmsg");
        return truncated ? throw new KernelException("recvmsg", Errno.EMFILE, Peer) : Received(count);
    }

    /// <inheritdoc/>
    internal override void WaitForEnd(WaitLimit limit)
    {
        var waitedFor = $"{Peer} to close the connection";
        try
        {
            while (!HasEnded)
            {
                limit.ForEvent(_socket, Poll.POLLRDHUP, waitedFor);
                if (!HasEnded)
                    limit.Pause(LookAgainMilliseconds, waitedFor);
            }
        }
        catch (KernelException) when (_hasEnded)
        {
            // Another thread saw the end first, and disposed this side.
        }
    }

    private int Received(long count)
    {
        HasReceived |= count > 0;
        return (int)count;
    }

    /// <summary>
    /// Remembers what the kernel reports once. Under the lock, the end and its error are seen together.
    /// </summary>
    private void Latch()
    {
        lock (_ending)
        {
            var errno = Socket.TakeError(_socket);
            LatchReset(errno);
            // Bytes that the other host has not acknowledged may still arrive at a socket that was closed before.
            _hasEnded |= errno != 0 || IsReset || Endpoint.Kind != EndpointKind.Tcp
                || Socket.Unacknowledged(_socket) == 0;
        }
    }

    private void LatchReset(int errno)
    {
        if (errno is Errno.ECONNRESET or Errno.EPIPE)
            Interlocked.CompareExchange(ref _reset, errno, 0);
    }

    /// <summary>
    /// Waits after a call that would block. The caller passes the error number first, because formatting the text can
    /// change the last one.
    /// </summary>
    private void WaitOrThrow(int errno, string call, short events, string waitedFor, WaitLimit limit)
    {
        if (errno == Errno.EAGAIN)
        {
            try
            {
                limit.ForEvent(_socket, events, waitedFor);
                return;
            }
            catch (WaitTimeoutException e)
            {
                throw e.ForConnected();
            }
        }

        throw Failed(errno, call);
    }

    private static bool WouldBlock() => Errno.Last == Errno.EAGAIN;

    private KernelException Failed(int errno, string call)
    {
        LatchReset(errno);
        // The kernel reports these once, too.
        if (errno is Errno.ETIMEDOUT or Errno.EHOSTUNREACH or Errno.ENETUNREACH)
            _hasEnded = true;
        return new KernelException(call, errno, Peer);
    }
}
