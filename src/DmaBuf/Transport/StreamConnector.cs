using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Waits;

namespace DmaBuf.Transport;

/// <summary>Connects to peers that listen.</summary>
public static class StreamConnector
{
    private const int RetryMilliseconds = 20;
    private const int PortTries = 16;

    /// <summary>Connects to a peer that listens.</summary>
    /// <exception cref="KernelException">socket, connect.</exception>
    /// <exception cref="AddressException">The host is unknown.</exception>
    /// <exception cref="WaitTimeoutException">The peer's host did not answer in time.</exception>
    public static ByteStream Connect(Endpoint endpoint, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(limit);
        return endpoint.Kind == EndpointKind.Vchan
            ? VchanConnector.Connect(endpoint, limit)
            : ConnectToAny(endpoint, endpoint.Resolve(limit), limit);
    }

    /// <summary>Connects to the first of the addresses that accepts the connection.</summary>
    internal static ByteStream ConnectToAny(
        Endpoint endpoint, IReadOnlyList<(int Family, byte[] Address)> addresses, WaitLimit limit)
    {
        KernelException? failure = null;
        foreach (var (family, address) in addresses)
        {
            // A kernel without IPv6 may still reach the host's IPv4 address, and a failure of that says more.
            if (Socket.Create(family, Socket.SOCK_STREAM) is not { } socket)
            {
                var refused = new KernelException("socket", Errno.Last, endpoint.ToString());
                failure ??= refused;
                continue;
            }

            if (endpoint.Kind == EndpointKind.Vsock)
                TryReservedPort(socket);
            var errno = TryConnect(socket, address, endpoint, limit);
            if (errno == 0)
                return new SocketStream(socket, endpoint);
            failure = new KernelException("connect", errno, endpoint.ToString());
        }

        throw failure ?? new KernelException("connect", Errno.EADDRNOTAVAIL, endpoint.ToString());
    }

    /// <summary>
    /// Binds a vsock socket to a port that takes CAP_NET_BIND_SERVICE, if this process has it, so that the peer can
    /// tell root from others. Otherwise the kernel chooses a port above.
    /// </summary>
    private static void TryReservedPort(FileDescriptor socket)
    {
        for (var i = 0; i < PortTries; i++)
        {
            var port = (uint)Random.Shared.Next(1, (int)SocketAddress.LAST_RESERVED_PORT + 1);
            if (Socket.Bind(socket, SocketAddress.Vsock(SocketAddress.VMADDR_CID_ANY, port), $"vsock port {port}")
                || Errno.Last != Errno.EADDRINUSE)
            {
                return;
            }
        }
    }

    /// <returns>0, or the error number with which the socket was closed again.</returns>
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
                        // A unix listener's queue is full, and no event says when there is room again.
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
}
