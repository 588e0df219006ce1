using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Waits;

namespace DmaBuf.Transport;

/// <summary>
/// A connected stream to one peer. One thread may read it while another writes, each with a time limit of its own.
/// Disposing it ends their waits and tells the peer that this side is done.
/// </summary>
public sealed class ByteStream : IDisposable
{
    private const int LookAgainMilliseconds = 20;
    private readonly FileDescriptor _socket;
    private readonly Lock _ending = new();
    private int _reset;
    private volatile bool _hasEnded;

    internal ByteStream(FileDescriptor socket, Endpoint endpoint)
    {
        _socket = socket;
        Endpoint = endpoint;
        if (endpoint.Kind == EndpointKind.Tcp)
            Socket.KeepAlive(socket);
        Remote = PeerIdentity.Of(socket, endpoint.Kind);
        Peer = $"{endpoint} ({Remote})";
    }

    /// <summary>The address that the connection was made with.</summary>
    public Endpoint Endpoint { get; }

    /// <summary>Who is at the other end.</summary>
    public PeerIdentity Remote { get; }

    /// <summary>What messages call the peer: the address, and who is at the other end.</summary>
    public string Peer { get; }

    /// <summary>
    /// Whether the peer reset the connection, which on unix sockets and TCP happens when it closes with unread data.
    /// The kernel reports that once; the stream remembers it.
    /// </summary>
    public bool IsReset => _reset != 0;

    /// <summary>True once any bytes have been received.</summary>
    public bool HasReceived { get; private set; }

    /// <summary>
    /// Whether the peer has closed its end, if only half of it, or is gone. Nothing is read: what the peer sent can
    /// still be received. For a stream that this side disposed: whether that was seen before.
    /// </summary>
    internal bool HasEnded
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

    /// <summary>Sends all bytes.</summary>
    /// <exception cref="KernelException">send: EPIPE, ECONNRESET.</exception>
    /// <exception cref="WaitTimeoutException">The peer did not read in time.</exception>
    public void Send(ReadOnlySpan<byte> bytes, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        while (!bytes.IsEmpty)
        {
            var sent = Socket.Send(_socket, bytes);
            if (sent >= 0)
                bytes = bytes[(int)sent..];
            else
                WaitOrThrow(Errno.Last, "send", Poll.POLLOUT, $"{Peer} to read", limit);
        }
    }

    /// <summary>Receives the bytes that have arrived, at most the buffer's length; 0 at the stream's end.</summary>
    /// <exception cref="KernelException">recv: ECONNRESET.</exception>
    /// <exception cref="WaitTimeoutException">Nothing arrived in time.</exception>
    public int Receive(Span<byte> buffer, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        while (true)
        {
            var received = Socket.Receive(_socket, buffer);
            if (received >= 0)
                return Received(received);
            WaitOrThrow(Errno.Last, "recv", Poll.POLLIN, $"data from {Peer}", limit);
        }
    }

    /// <summary>Closes this side.</summary>
    public void Dispose() => _socket.Dispose();

    /// <summary>Sends one byte with a descriptor, in one sendmsg. The stream must be a unix socket.</summary>
    /// <exception cref="KernelException">sendmsg: EPIPE, ECONNRESET.</exception>
    /// <exception cref="WaitTimeoutException">The peer did not read in time.</exception>
    internal void SendDescriptor(FileDescriptor passed, byte data, WaitLimit limit)
    {
        while (!ScmRights.Send(_socket, passed, data))
            WaitOrThrow(Errno.Last, "sendmsg", Poll.POLLOUT, $"{Peer} to read", limit);
    }

    /// <summary>
    /// Receives bytes and the descriptors that came with them, in one recvmsg. The caller owns the descriptors.
    /// </summary>
    /// <returns>The number of bytes; 0 at the stream's end.</returns>
    /// <exception cref="KernelException">recvmsg: ECONNRESET.</exception>
    /// <exception cref="WaitTimeoutException">Nothing arrived in time.</exception>
    internal int ReceiveDescriptors(
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

    /// <summary>Waits until <see cref="HasEnded"/>.</summary>
    /// <exception cref="KernelException">poll: EBADF where this side was disposed before the end was seen.</exception>
    /// <exception cref="WaitTimeoutException">The peer did not close in time.</exception>
    internal void WaitForEnd(WaitLimit limit)
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
        catch (WaitTimeoutException e)
        {
            throw e.ForRelease();
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

        LatchReset(errno);
        // The kernel reports these once, too.
        if (errno is Errno.ETIMEDOUT or Errno.EHOSTUNREACH or Errno.ENETUNREACH)
            _hasEnded = true;
        throw new KernelException(call, errno, Peer);
    }
}
