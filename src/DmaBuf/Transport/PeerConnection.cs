using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Waits;

namespace DmaBuf.Transport;

/// <summary>A connected stream to one peer. Closing it tells the peer that this side is done.</summary>
public sealed class PeerConnection : IPeerLink
{
    private const int RetryMilliseconds = 20;
    private const int LookMilliseconds = 500;
    private readonly FileDescriptor _socket;
    private volatile bool _isDone;

    internal PeerConnection(FileDescriptor socket, Endpoint endpoint)
    {
        _socket = socket;
        Endpoint = endpoint;
        if (endpoint.Kind == EndpointKind.Tcp)
            Socket.KeepAlive(socket);
        Peer = endpoint.Kind == EndpointKind.Unix && Socket.PeerCredentials(socket, out var who)
            ? $"{endpoint} (pid {who.pid}, uid {who.uid})"
            : endpoint.ToString();
    }

    /// <summary>The address this connection came about by.</summary>
    public Endpoint Endpoint { get; }

    /// <summary>The address and, on this machine, who is at the other end.</summary>
    public string Peer { get; }

    /// <summary>Connects to a peer that listens.</summary>
    /// <exception cref="KernelException">socket, connect.</exception>
    /// <exception cref="AddressException">The host is unknown.</exception>
    /// <exception cref="WaitTimeoutException">The peer's host did not answer in time.</exception>
    public static PeerConnection Connect(Endpoint endpoint, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(limit);
        return ConnectToAny(endpoint, endpoint.Resolve(limit), limit);
    }

    /// <summary>Connects to the first of the addresses that takes the connection.</summary>
    internal static PeerConnection ConnectToAny(Endpoint endpoint, IReadOnlyList<(int Family, byte[] Address)> addresses, WaitLimit limit)
    {
        KernelException? failure = null;
        foreach (var (family, address) in addresses)
        {
            // A kernel without IPv6 may still reach the host's IPv4 address, whose failure says more.
            if (Socket.Create(family, Socket.SOCK_STREAM) is not { } socket)
            {
                var refused = new KernelException("socket", Errno.Last, endpoint.ToString());
                failure ??= refused;
                continue;
            }

            var errno = TryConnect(socket, address, endpoint, limit);
            if (errno == 0)
                return new PeerConnection(socket, endpoint);
            failure = new KernelException("connect", errno, endpoint.ToString());
        }

        throw failure ?? new KernelException("connect", Errno.EADDRNOTAVAIL, endpoint.ToString());
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
                WaitOrThrow("send", Poll.POLLOUT, $"{Peer} to read", limit);
        }
    }

    /// <summary>
    /// Receives what is there, at most the buffer's length; 0 at the stream's end, -1 where so many milliseconds of
    /// patience passed without anything. A negative patience does not end.
    /// </summary>
    /// <exception cref="KernelException">recv: ECONNRESET.</exception>
    /// <exception cref="WaitTimeoutException">Nothing came in time.</exception>
    public int Receive(Span<byte> buffer, WaitLimit limit, int patience = -1)
    {
        ArgumentNullException.ThrowIfNull(limit);
        var end = Environment.TickCount64 + patience;
        while (true)
        {
            var received = Socket.Receive(_socket, buffer);
            if (received >= 0)
                return (int)received;
            var left = (int)(end - Environment.TickCount64);
            if (patience >= 0 && left <= 0)
                return -1;
            WaitOrThrow("recv", Poll.POLLIN, $"data from {Peer}", limit, patience < 0 ? -1 : left);
        }
    }

    /// <summary>Sends a buffer's descriptor: one sendmsg with the byte 'A' and one SCM_RIGHTS descriptor.</summary>
    /// <exception cref="AddressException">CannotPassDescriptors: the connection is no unix socket.</exception>
    /// <exception cref="KernelException">sendmsg: EPIPE, ECONNRESET.</exception>
    /// <exception cref="WaitTimeoutException">The peer did not read in time.</exception>
    public void SendDescriptor(DmaBuffer buffer, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        ArgumentNullException.ThrowIfNull(limit);
        CheckPassesDescriptors(Endpoint);
        while (!buffer.Use(descriptor => Socket.SendDescriptor(_socket, descriptor, (byte)'A')))
            WaitOrThrow("sendmsg", Poll.POLLOUT, $"{Peer} to read", limit);
    }

    /// <summary>
    /// Receives one buffer's descriptor. The buffer keeps this connection open until it is disposed, so that the
    /// sender learns when its peer is done. Whatever else a peer sends is closed.
    /// </summary>
    /// <exception cref="AddressException">CannotPassDescriptors: the connection is no unix socket.</exception>
    /// <exception cref="PeerException">The message was not one byte with one descriptor.</exception>
    /// <exception cref="KernelException">recvmsg: ECONNRESET; EMFILE where this process may not open another descriptor.</exception>
    /// <exception cref="BufferException">NotABuffer, NotSealed: the descriptor is not to be trusted.</exception>
    /// <exception cref="WaitTimeoutException">Nothing came in time.</exception>
    public DmaBuffer ReceiveDescriptor(WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        CheckPassesDescriptors(Endpoint);
        Span<byte> data = stackalloc byte[2];
        while (true)
        {
            var received = Socket.ReceiveDescriptors(_socket, data, out var first, out var second, out var truncated);
            using var surplus = second;
            if (received < 0)
            {
                WaitOrThrow("recvmsg", Poll.POLLIN, $"a descriptor from {Peer}", limit);
                continue;
            }

            // There was room for two: what is missing was not installed here, for want of a free number.
            if (truncated && second is null)
            {
                first?.Dispose();
                throw new KernelException("recvmsg", Errno.EMFILE, Peer);
            }

            var (fault, reason) = (received, first, second) switch
            {
                (0, _, _) => (PeerFault.ClosedEarly, "closed the connection without sending a descriptor"),
                (_, _, not null) => (PeerFault.TooManyDescriptors, "sent more than one descriptor"),
                (_, null, _) => (PeerFault.NoDescriptor, "sent data without a descriptor"),
                ( > 1, _, _) => (PeerFault.ExtraData, "sent more than one byte with the descriptor"),
                _ => default((PeerFault, string?)),
            };
            if (reason is not null)
            {
                first?.Dispose();
                throw new PeerException(fault, Peer, reason,
                    "It does not speak the hand-off of one descriptor (one byte with one SCM_RIGHTS descriptor), or it failed: look at its own messages.");
            }

            var buffer = DmaBuffer.AdoptReceived(first!);
            buffer.OwnPeer(this);
            return buffer;
        }
    }

    /// <summary>Whether the peer has closed the connection or is gone. What it sends meanwhile is dropped.</summary>
    public bool IsDone => _isDone || _socket.IsClosed || HasClosed();

    /// <summary>Waits until the peer closes the connection, which is its way to say that it is done.</summary>
    /// <exception cref="WaitTimeoutException">The peer did not close in time.</exception>
    /// <exception cref="BufferException">LinkEnded: this connection was disposed meanwhile.</exception>
    public void WaitForClose(WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        // In slices: another thread may dispose this connection meanwhile, which wakes no poll.
        while (!IsDone)
            limit.ForEvent(_socket, Poll.POLLIN, LookMilliseconds, $"{Peer} to close the connection");
        if (!_isDone)
            throw BufferException.LinkEnded(Peer);
    }

    void IPeerLink.WaitUntilDone(WaitLimit limit) => WaitForClose(limit);

    /// <summary>Closes the connection.</summary>
    public void Dispose() => _socket.Dispose();

    /// <summary>Refuses addresses over which no descriptor can go.</summary>
    /// <exception cref="AddressException">CannotPassDescriptors.</exception>
    public static void CheckPassesDescriptors(Endpoint endpoint)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        if (endpoint.Kind != EndpointKind.Unix)
        {
            throw new AddressException(AddressFault.CannotPassDescriptors, endpoint.ToString(), "descriptors go over unix sockets only",
                "Use unix: or unixd: on one machine; to another domain send grant references, which Export-GrantRefs makes of the buffer.");
        }
    }

    /// <summary>Refuses, beside such addresses, buffers whose descriptors are a grant device's.</summary>
    /// <exception cref="AddressException">CannotPassDescriptors.</exception>
    /// <exception cref="BufferException">NotABuffer.</exception>
    public static void CheckPassesDescriptors(Endpoint endpoint, DmaBuffer buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        CheckPassesDescriptors(endpoint);
        if (!buffer.IsPassable)
        {
            throw new BufferException(BufferFault.NotABuffer, $"{buffer} is this process's own: its descriptor shows another process nothing.",
                "Import the references in the other process.");
        }
    }

    /// <returns>0, or the error number of a socket that is closed again.</returns>
    private static int TryConnect(FileDescriptor socket, byte[] address, Endpoint endpoint, WaitLimit limit)
    {
        try
        {
            var waitedFor = $"{endpoint} to accept the connection";
            while (!Socket.Connect(socket, address, endpoint.ToString()))
            {
                switch (Errno.Last)
                {
                    case Errno.EINPROGRESS:
                        limit.ForEvent(socket, Poll.POLLOUT, waitedFor);
                        var error = Socket.TakeError(socket);
                        if (error != 0)
                            socket.Dispose();
                        return error;
                    case Errno.EINTR:
                        continue;
                    case Errno.EAGAIN:
                        // A unix listener's queue is full. There is no event for its end.
                        limit.Pause(RetryMilliseconds, waitedFor);
                        continue;
                    case var errno:
                        socket.Dispose();
                        return errno;
                }
            }

            return 0;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private bool HasClosed()
    {
        Span<byte> ignored = stackalloc byte[512];
        try
        {
            var closed = Socket.Receive(_socket, ignored) switch
            {
                0 => true,
                > 0 => false,
                // A host that vanished shows as one of these, once the probes of TCP go unanswered.
                _ => Errno.Last is Errno.ECONNRESET or Errno.ETIMEDOUT or Errno.EHOSTUNREACH or Errno.ENETUNREACH or Errno.EPIPE,
            };
            _isDone |= closed;
            return closed;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Waits after a call that would block; for so many milliseconds at most, or for any time if negative.</summary>
    private void WaitOrThrow(string call, short events, string waitedFor, WaitLimit limit, int milliseconds = -1)
    {
        var errno = Errno.Last;
        if (errno == Errno.EAGAIN)
            limit.ForEvent(_socket, events, milliseconds, waitedFor);
        else
            throw new KernelException(call, errno, Peer);
    }
}
