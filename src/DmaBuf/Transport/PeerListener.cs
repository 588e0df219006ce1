using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Tracing;
using DmaBuf.Waits;

namespace DmaBuf.Transport;

/// <summary>A listening socket. Its socket file, if it has one, goes when it is disposed.</summary>
public sealed class PeerListener : IDisposable
{
    private const int Backlog = 16;
    private readonly FileDescriptor _socket;
    private readonly ulong _inode;

    private PeerListener(FileDescriptor socket, Endpoint endpoint)
    {
        _socket = socket;
        Endpoint = endpoint;
        if (endpoint.Kind == EndpointKind.Unix && Stat.OfPath(endpoint.Path, out var status))
            _inode = status.stx_ino;
    }

    /// <summary>The address.</summary>
    public Endpoint Endpoint { get; }

    /// <summary>Listens. A socket file that nobody has open any more is replaced; anything else at the path is left alone.</summary>
    /// <exception cref="KernelException">socket, bind: EADDRINUSE, EACCES, ENOENT, EADDRNOTAVAIL.</exception>
    /// <exception cref="AddressException">NotASocket: the path exists and is something else. BadHost.</exception>
    /// <exception cref="WaitTimeoutException">No name server told the host's address in time.</exception>
    public static PeerListener Listen(Endpoint endpoint, WaitLimit? limit = null)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        using var unlimited = new WaitLimit();
        var (family, address) = endpoint.Resolve(limit ?? unlimited)[0];
        var socket = Socket.Create(family, Socket.SOCK_STREAM) ?? throw new KernelException("socket", Errno.Last, endpoint.ToString());
        try
        {
            if (endpoint.Kind == EndpointKind.Tcp)
                Socket.AllowReuse(socket);
            using var folder = LockFolder(endpoint);
            if (endpoint.Kind == EndpointKind.Unix)
                RemoveStale(endpoint, address);
            if (!Socket.Bind(socket, address, endpoint.ToString()))
                throw new KernelException("bind", Errno.Last, endpoint.ToString());
            var listener = new PeerListener(socket, endpoint);
            if (Socket.Listen(socket, Backlog))
                return listener;
            var failure = new KernelException("listen", Errno.Last, endpoint.ToString());
            listener.Dispose();
            throw failure;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Waits for one peer.</summary>
    /// <exception cref="WaitTimeoutException">None came in time.</exception>
    /// <exception cref="KernelException">accept4: EMFILE, ENFILE, ENOMEM.</exception>
    public PeerConnection Accept(WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        while (true)
        {
            if (Socket.Accept(_socket) is { } peer)
                return new PeerConnection(peer, Endpoint);
            switch (Errno.Last)
            {
                case Errno.EAGAIN:
                    limit.ForEvent(_socket, Poll.POLLIN, $"a peer to connect to {Endpoint}");
                    break;
                case Errno.ECONNABORTED:
                    // That peer went before it was accepted: the next one may stay.
                    break;
                default:
                    throw new KernelException("accept4", Errno.Last, Endpoint.ToString());
            }
        }
    }

    /// <summary>Closes the socket and removes its file, unless another listener has replaced it.</summary>
    public void Dispose()
    {
        using var folder = LockFolder(Endpoint);
        if (_inode != 0 && !_socket.IsClosed && Stat.OfPath(Endpoint.Path, out var status) && status.stx_ino == _inode)
            DeleteSocketFile(Endpoint.Path);
        _socket.Dispose();
    }

    /// <summary>
    /// Keeps other listeners of this library from the socket's folder while a file is looked at, replaced and bound:
    /// a socket file exists for a moment before its socket can be found, and looks stale until then. Best effort,
    /// since somebody else may hold the folder's lock for long or deny it.
    /// </summary>
    private static FileDescriptor? LockFolder(Endpoint endpoint)
    {
        const int Tries = 100;
        const int PauseMilliseconds = 10;
        if (endpoint.Kind != EndpointKind.Unix)
            return null;
        var folder = Fcntl.Open(Path.GetDirectoryName(endpoint.Path) is { Length: > 0 } name ? name : ".", Fcntl.O_RDONLY);
        for (var i = 0; folder is not null && i < Tries && !Flock.TryLock(folder); i++)
            Thread.Sleep(PauseMilliseconds);
        return folder;
    }

    /// <summary>
    /// A datagram socket that connects to the path learns whether some socket is bound there without being accepted by
    /// it: EPROTOTYPE from a stream socket, ECONNREFUSED from a file that nobody has open.
    /// </summary>
    private static void RemoveStale(Endpoint endpoint, byte[] address)
    {
        if (!Stat.OfPath(endpoint.Path, out var status))
            return;
        if ((status.stx_mode & Stat.S_IFMT) != Stat.S_IFSOCK)
        {
            throw new AddressException(AddressFault.NotASocket, endpoint.ToString(), "the path exists and is not a socket",
                "Use another path: this file is not replaced.");
        }

        using var probe = Socket.Create(Socket.AF_UNIX, Socket.SOCK_DGRAM) ?? throw new KernelException("socket", Errno.Last, endpoint.ToString());
        if (!Socket.Connect(probe, address, $"{endpoint}, is it stale?") && Errno.Last == Errno.ECONNREFUSED)
            DeleteSocketFile(endpoint.Path);
    }

    private static void DeleteSocketFile(string path)
    {
        KernelTrace.Write($"unlink(\"{path}\")");
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // bind reports what stands in the way; after listening, a file that stays does no harm.
        }
    }
}
