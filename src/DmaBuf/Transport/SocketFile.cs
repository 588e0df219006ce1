using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Tracing;
using DmaBuf.Waits;

namespace DmaBuf.Transport;

/// <summary>The file of a listening unix socket.</summary>
internal sealed class SocketFile : IDisposable
{
    /// <summary>A socket's file appears a moment before one can connect to it, and looks stale until then.</summary>
    private const int YoungMilliseconds = 50;
    private const int LookAgainMilliseconds = 10;

    private readonly string _path;
    private readonly ulong _inode;
    private int _isDisposed;

    private SocketFile(string path)
    {
        _path = path;
        _inode = Stat.OfPath(path, out var status) ? status.stx_ino : 0;
    }

    /// <summary>
    /// Binds a socket to its path. A stale file there, which no process has open, is replaced, without a lock that
    /// others could hold.
    /// </summary>
    /// <exception cref="KernelException">bind: EADDRINUSE, EACCES, ENOENT.</exception>
    /// <exception cref="AddressException">NotASocket.</exception>
    /// <exception cref="WaitTimeoutException">Others kept binding it first.</exception>
    public static SocketFile Bind(FileDescriptor socket, byte[] address, Endpoint endpoint, WaitLimit limit)
    {
        while (!Socket.Bind(socket, address, endpoint.ToString()))
        {
            var errno = Errno.Last;
            limit.Pause(0, $"the path of {endpoint} to become free");
            if (errno != Errno.EADDRINUSE)
                throw new KernelException("bind", errno, endpoint.ToString());
            if (!Stat.OfPath(endpoint.Path, out var found))
                continue;
            CheckIsSocket(endpoint, found);
            if (IsInUse(endpoint, address))
                throw new KernelException("bind", Errno.EADDRINUSE, endpoint.ToString());
            if (IsYoung(found))
                limit.Pause(LookAgainMilliseconds, $"the listener that has just bound {endpoint}");
            else if (!TryRemove(endpoint.Path, found))
                throw new KernelException("bind", Errno.EADDRINUSE, endpoint.ToString());
        }

        return new SocketFile(endpoint.Path);
    }

    /// <summary>Removes the file, unless another listener has replaced it.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
            return;
        if (Stat.OfPath(_path, out var status) && status.stx_ino == _inode)
            Delete(_path);
    }

    private static void CheckIsSocket(Endpoint endpoint, in Stat.statx file)
    {
        if ((file.stx_mode & Stat.S_IFMT) != Stat.S_IFSOCK)
        {
            throw new AddressException(
                AddressFault.NotASocket,
                endpoint.ToString(),
                "the path exists and is not a socket",
                "Use another path: this file is not replaced.");
        }
    }

    /// <summary>
    /// Connects a datagram socket to the path, which shows whether a socket is bound there without being accepted by
    /// it: EPROTOTYPE means a stream socket, ECONNREFUSED a file that no process has open.
    /// </summary>
    private static bool IsInUse(Endpoint endpoint, byte[] address)
    {
        using var probe = Socket.Create(Socket.AF_UNIX, Socket.SOCK_DGRAM)
            ?? throw new KernelException("socket", Errno.Last, endpoint.ToString());
        return Socket.Connect(probe, address, $"{endpoint}, is it stale?")
            || Errno.Last is not (Errno.ECONNREFUSED or Errno.ENOENT);
    }

    private static bool IsYoung(in Stat.statx file)
    {
        var changed = DateTimeOffset.FromUnixTimeSeconds(file.stx_ctime.tv_sec).AddTicks(file.stx_ctime.tv_nsec / 100);
        return (DateTimeOffset.UtcNow - changed).TotalMilliseconds is >= 0 and < YoungMilliseconds;
    }

    /// <summary>
    /// Removes a stale file. It is first linked to a second name, which only one process can do, so that none removes
    /// the file that another has put in its place.
    /// </summary>
    /// <returns>False where the file cannot be removed.</returns>
    private static bool TryRemove(string path, in Stat.statx stale)
    {
        var claim = $"{path}.{stale.stx_ino}";
        if (Unistd.Link(path, claim))
        {
            // Where the name leads to another file by now, there is nothing to remove.
            var isDone = !Stat.OfPath(claim, out var claimed) || !IsSame(claimed, stale) || Delete(path);
            return Delete(claim) && isDone;
        }

        switch (Errno.Last)
        {
            case Errno.ENOENT:
                return true;
            case Errno.EEXIST when !Stat.OfPath(path, out var now) || IsYoung(now):
            case Errno.EEXIST when RemoveSame(claim, claim, stale):
                // Another process is removing the file, or was killed while it did.
                return true;
            default:
                // Another user's file cannot be linked to (protected_hardlinks), and on some file systems no file can.
                return RemoveSame(path, path, stale);
        }
    }

    /// <summary>Removes a file if a name, its own or another, still leads to the stale file.</summary>
    private static bool RemoveSame(string name, string path, in Stat.statx stale) =>
        Stat.OfPath(name, out var found) && IsSame(found, stale) && Delete(path);

    /// <summary>The modification time distinguishes the file from a later one with the same inode number.</summary>
    private static bool IsSame(in Stat.statx one, in Stat.statx other) => one.stx_ino == other.stx_ino
        && one.stx_mtime.tv_sec == other.stx_mtime.tv_sec && one.stx_mtime.tv_nsec == other.stx_mtime.tv_nsec;

    private static bool Delete(string path)
    {
        KernelTrace.Write($"unlink(\"{path}\")");
        try
        {
            File.Delete(path);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A file that is left after listening does no harm.
            return false;
        }
    }
}
