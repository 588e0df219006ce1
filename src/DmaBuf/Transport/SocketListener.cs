using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Waits;

namespace DmaBuf.Transport;

/// <summary>A listening socket. Disposing it also removes its socket file, if it has one.</summary>
internal sealed class SocketListener : StreamListener
{
    private const int Backlog = 16;
    private readonly FileDescriptor _socket;
    private readonly SocketFile? _file;

    private SocketListener(FileDescriptor socket, Endpoint endpoint, SocketFile? file)
        : base(endpoint)
    {
        _socket = socket;
        _file = file;
    }

    /// <inheritdoc cref="StreamListener.Listen"/>
    public static new SocketListener Listen(Endpoint endpoint, WaitLimit limit)
    {
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
                ? new SocketListener(socket, endpoint, file)
                : throw new KernelException("listen", Errno.Last, endpoint.ToString());
        }
        catch
        {
            file?.Dispose();
            socket.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override ByteStream Accept(WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        while (true)
        {
            if (Socket.Accept(_socket) is { } peer)
                return new SocketStream(peer, Endpoint);
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

    /// <summary>For polling.</summary>
    internal FileDescriptor Descriptor => _socket;

    /// <summary>Accepts a peer if one waits.</summary>
    /// <exception cref="KernelException">accept4: EMFILE, ENFILE, ENOMEM.</exception>
    internal SocketStream? TryAccept()
    {
        if (Socket.Accept(_socket) is { } peer)
            return new SocketStream(peer, Endpoint);
        return Errno.Last is Errno.EAGAIN or Errno.ECONNABORTED
            ? null
            : throw new KernelException("accept4", Errno.Last, Endpoint.ToString());
    }

    /// <summary>
    /// Removes the socket's file and then closes the socket: while it is open, no other listener replaces the file.
    /// </summary>
    public override void Dispose()
    {
        _file?.Dispose();
        _socket.Dispose();
    }
}
