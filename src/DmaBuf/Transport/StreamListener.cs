using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Waits;

namespace DmaBuf.Transport;

/// <summary>A listening socket. Disposing it also removes its socket file, if it has one.</summary>
public sealed class StreamListener : IDisposable
{
    private const int Backlog = 16;
    private readonly FileDescriptor _socket;
    private readonly SocketFile? _file;

    private StreamListener(FileDescriptor socket, Endpoint endpoint, SocketFile? file)
    {
        _socket = socket;
        Endpoint = endpoint;
        _file = file;
    }

    /// <summary>The address.</summary>
    public Endpoint Endpoint { get; }

    /// <summary>
    /// Listens. A socket file that no process has open is replaced; anything else at the path is left alone.
    /// </summary>
    /// <exception cref="KernelException">socket, bind: EADDRINUSE, EACCES, ENOENT, EADDRNOTAVAIL.</exception>
    /// <exception cref="AddressException">NotASocket: the path exists and is something else. BadHost.</exception>
    /// <exception cref="WaitTimeoutException">No name server resolved the host in time.</exception>
    public static StreamListener Listen(Endpoint endpoint, WaitLimit? limit = null)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        using var unlimited = new WaitLimit();
        limit ??= unlimited;
        var (family, address) = endpoint.Resolve(limit)[0];
        var socket = Socket.Create(family, Socket.SOCK_STREAM)
            ?? throw new KernelException("socket", Errno.Last, endpoint.ToString());
        SocketFile? file = null;
        try
        {
            if (endpoint.Kind == EndpointKind.Tcp)
                Socket.AllowReuse(socket);
            if (endpoint.Kind == EndpointKind.Unix)
                file = SocketFile.Bind(socket, address, endpoint, limit);
            else if (!Socket.Bind(socket, address, endpoint.ToString()))
                throw new KernelException("bind", Errno.Last, endpoint.ToString());
            return Socket.Listen(socket, Backlog)
                ? new StreamListener(socket, endpoint, file)
                : throw new KernelException("listen", Errno.Last, endpoint.ToString());
        }
        catch
        {
            file?.Dispose();
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Waits for a peer to connect.</summary>
    /// <exception cref="WaitTimeoutException">No peer came in time.</exception>
    /// <exception cref="KernelException">accept4: EMFILE, ENFILE, ENOMEM.</exception>
    public ByteStream Accept(WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        while (true)
        {
            if (Socket.Accept(_socket) is { } peer)
                return new ByteStream(peer, Endpoint);
            switch (Errno.Last)
            {
                case Errno.EAGAIN:
                    limit.ForEvent(_socket, Poll.POLLIN, $"a peer to connect to {Endpoint}");
                    break;
                case Errno.ECONNABORTED:
                    // That peer left before it was accepted; the next one may stay.
                    limit.Pause(0, $"a peer to connect to {Endpoint}");
                    break;
                default:
                    throw new KernelException("accept4", Errno.Last, Endpoint.ToString());
            }
        }
    }

    /// <summary>
    /// Removes the socket's file and then closes the socket: while it is open, no other listener replaces the file.
    /// </summary>
    public void Dispose()
    {
        _file?.Dispose();
        _socket.Dispose();
    }
}
