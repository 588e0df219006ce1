using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Waits;

namespace DmaBuf.Buffers;

/// <summary>Files, pipes and devices by path, opened so that no call blocks: poll does the waiting.</summary>
internal static class FileCalls
{
    private const int RetryMilliseconds = 20;
    private const int ReadAndWriteForAll = 6 << 6 | 6 << 3 | 6;

    /// <exception cref="KernelException">open: ENOENT, EACCES, EISDIR and others.</exception>
    public static FileDescriptor OpenForReading(string path)
    {
        var file = Fcntl.Open(Checked(path), Fcntl.O_RDONLY | Fcntl.O_NONBLOCK) ?? throw Failure("open", path);
        if (Kind(file) != Stat.S_IFDIR)
            return file;
        file.Dispose();
        throw Failure("open", path, Errno.EISDIR);
    }

    /// <summary>
    /// Creates a file or empties it. A pipe can be opened only once it has a reader, which no event announces.
    /// </summary>
    /// <exception cref="KernelException">open: ENOENT, EACCES, EISDIR and others.</exception>
    /// <exception cref="OperationCanceledException">The limit's token was cancelled.</exception>
    public static FileDescriptor OpenForWriting(string path, WaitLimit limit)
    {
        const int Flags = Fcntl.O_WRONLY | Fcntl.O_CREAT | Fcntl.O_TRUNC | Fcntl.O_NONBLOCK;
        while (true)
        {
            if (Fcntl.Open(Checked(path), Flags, ReadAndWriteForAll) is { } file)
                return file;
            var errno = Errno.Last;
            if (errno != Errno.ENXIO || !IsPipe(path))
                throw Failure("open", path, errno);
            limit.Pause(RetryMilliseconds, $"a reader of {path}");
        }
    }

    /// <summary>The file's length; 0 for a file without one.</summary>
    public static long Length(FileDescriptor file) =>
        Stat.OfDescriptor(file, out var status) ? (long)status.stx_size : 0;

    /// <summary>Waits until the file can be read or written. An ordinary file always can.</summary>
    /// <exception cref="OperationCanceledException">The limit's token was cancelled.</exception>
    public static void Await(FileDescriptor file, short events, string waitedFor, WaitLimit limit)
    {
        if (Kind(file) != Stat.S_IFREG)
            limit.ForEvent(file, events, waitedFor);
    }

    /// <returns>The bytes read, 0 at the end, or -1 where there are none yet.</returns>
    /// <exception cref="KernelException">read: EIO and others of the file system or device.</exception>
    public static int Read(FileDescriptor file, string path, Span<byte> bytes)
    {
        var read = Unistd.Read(file, bytes);
        return read >= 0 || Errno.Last == Errno.EAGAIN ? (int)read : throw Failure("read", path);
    }

    /// <returns>The bytes written, which may be fewer, or none.</returns>
    /// <exception cref="KernelException">write: ENOSPC, EPIPE and others of the file system or device.</exception>
    public static int Write(FileDescriptor file, string path, ReadOnlySpan<byte> bytes)
    {
        var written = Unistd.Write(file, bytes);
        return written >= 0 ? (int)written : Errno.Last == Errno.EAGAIN ? 0 : throw Failure("write", path);
    }

    private static bool IsPipe(string path) =>
        Stat.OfTarget(path, out var status) && (status.stx_mode & Stat.S_IFMT) == Stat.S_IFIFO;

    private static int Kind(FileDescriptor file) =>
        Stat.OfDescriptor(file, out var status) ? status.stx_mode & Stat.S_IFMT : 0;

    /// <summary>Refuses a path that contains a NUL, of which the kernel would use only the part before it.</summary>
    private static string Checked(string path) =>
        path.Contains('\0', StringComparison.Ordinal) ? throw Failure("open", path, Errno.ENOENT) : path;

    private static KernelException Failure(string call, string path) => Failure(call, path, Errno.Last);

    private static KernelException Failure(string call, string path, int errno) =>
        new(call, errno, path, Advice(call, errno));

    private static string? Advice(string call, int errno) => (call, errno) switch
    {
        (_, Errno.ENOENT or Errno.ENOTDIR) => "There is no such file or folder: check the path.",
        (_, Errno.EISDIR) => "Name a file, not a folder.",
        ("open", Errno.EACCES or Errno.EPERM) => "Use a file that this user may open.",
        ("open", Errno.ENXIO or Errno.ENODEV) =>
            "This is a socket, or a device that is not there: use a file or a pipe.",
        ("open", Errno.EROFS) => "The file system is read-only: use another.",
        (_, Errno.ENOSPC) => "The file system is full: free some room, or use another.",
        ("write", Errno.EPIPE) => "The pipe's reader has gone: look at its own messages.",
        ("write", Errno.EFBIG) => "The file would be too large: see 'ulimit -f', or write less.",
        (_, Errno.EIO) => "The device or file system failed: see dmesg.",
        _ => null,
    };
}
