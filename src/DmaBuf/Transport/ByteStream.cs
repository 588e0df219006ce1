using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Waits;

namespace DmaBuf.Transport;

/// <summary>
/// A connected stream to one peer. One thread may read it while another writes, each with a time limit of its own.
/// Disposing it ends what they wait for, and tells the peer that this side is done.
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

    /// <summary>The address this connection came about by.</summary>
    public Endpoint Endpoint { get; }

    /// <summary>Who is at the other end.</summary>
    public PeerIdentity Remote { get; }

    /// <summary>What a message calls the peer: the address, and who is at the other end.</summary>
    public string Peer { get; }

    /// <summary>
    /// Whether the peer reset the connection, which closing it with unread data does on unix sockets and TCP. The kernel
    /// tells that once; the stream keeps it.
    /// </summary>
    public bool IsReset => _reset != 0;

    /// <summary>True once something was received.</summary>
    public bool HasReceived { get; private set; }

    /// <summary>
    /// Whether the peer has closed its end, half of it included, or is gone. Nothing is read: what the peer sent stays for
    /// who reads the stream. Of a stream that this side disposed: whether that was seen before.
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

    /// <summary>Receives what is there, at most the buffer's length; 0 at the stream's end.</summary>
    /// <exception cref="KernelException">recv: ECONNRESET.</exception>
    /// <exception cref="WaitTimeoutException">Nothing came in time.</exception>
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

    /// <summary>Ends this side.</summary>
    public void Dispose() => _socket.Dispose();

    /// <summary>Sends one byte with a descriptor, in one sendmsg. The stream is a unix socket.</summary>
    /// <exception cref="KernelException">sendmsg: EPIPE, ECONNRESET.</exception>
    /// <exception cref="WaitTimeoutException">The peer did not read in time.</exception>
    internal void SendDescriptor(FileDescriptor passed, byte data, WaitLimit limit)
    {
        while (!Socket.SendDescriptor(_socket, passed, data))
            WaitOrThrow(Errno.Last, "sendmsg", Poll.POLLOUT, $"{Peer} to read", limit);
    }

    /// <summary>Receives bytes and the descriptors with them, which belong to the caller, in one recvmsg.</summary>
    /// <returns>How many bytes; 0 at the stream's end.</returns>
    /// <exception cref="KernelException">recvmsg: ECONNRESET.</exception>
    /// <exception cref="WaitTimeoutException">Nothing came in time.</exception>
    internal int ReceiveDescriptors(
        Span<byte> data, WaitLimit limit, out FileDescriptor? first, out FileDescriptor? second, out bool truncated)
    {
        while (true)
        {
            var received = Socket.ReceiveDescriptors(_socket, data, out first, out second, out truncated);
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
    }

    private int Received(long count)
    {
        HasReceived |= count > 0;
        return (int)count;
    }

    /// <summary>Keeps what the kernel tells once. The lock has the end and its error seen together.</summary>
    private void Latch()
    {
        lock (_ending)
        {
            var errno = Socket.TakeError(_socket);
            LatchReset(errno);
            // Bytes that the other host has not acknowledged may still find a socket that was closed before they came.
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
    /// Waits after a call that would block. Its error number comes first: making the text can change the last one.
    /// </summary>
    private void WaitOrThrow(int errno, string call, short events, string waitedFor, WaitLimit limit)
    {
        if (errno == Errno.EAGAIN)
        {
            limit.ForEvent(_socket, events, waitedFor);
            return;
        }

        LatchReset(errno);
        throw new KernelException(call, errno, Peer);
    }
}
