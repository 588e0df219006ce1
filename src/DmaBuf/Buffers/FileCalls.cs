using Microsoft.Win32.SafeHandles;

namespace DmaBuf;

/// <summary>Ordinary files through .NET, with failures told as the kernel calls they are.</summary>
internal static class FileCalls
{
    public static SafeFileHandle Open(string path, FileMode mode, FileAccess access)
    {
        try
        {
            return File.OpenHandle(path, mode, access, FileShare.ReadWrite);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failure("open", path, e);
        }
    }

    /// <summary>The file's length; 0 for what has none.</summary>
    public static long Length(SafeFileHandle file)
    {
        try
        {
            return RandomAccess.GetLength(file);
        }
        catch (NotSupportedException)
        {
            return 0;
        }
    }

    public static int Read(SafeFileHandle file, string path, Span<byte> bytes, long offset)
    {
        try
        {
            return RandomAccess.Read(file, bytes, offset);
        }
        catch (IOException e)
        {
            throw Failure("read", path, e);
        }
    }

    public static void Write(SafeFileHandle file, string path, ReadOnlySpan<byte> bytes, long offset)
    {
        try
        {
            RandomAccess.Write(file, bytes, offset);
        }
        catch (IOException e)
        {
            throw Failure("write", path, e);
        }
    }

    /// <summary>.NET keeps the error number in HResult, for a denied access in that of the inner exception.</summary>
    private static KernelException Failure(string call, string path, Exception e) => e switch
    {
        FileNotFoundException or DirectoryNotFoundException => new KernelException(call, Interop.Errno.ENOENT, path, "There is no such file or folder: check the path."),
        PathTooLongException => new KernelException(call, Interop.Errno.ENAMETOOLONG, path),
        UnauthorizedAccessException when Directory.Exists(path) => new KernelException(call, Interop.Errno.EISDIR, path, "Name a file, not a folder."),
        UnauthorizedAccessException => new KernelException(call, Interop.Errno.EACCES, path, "Use a file that this user may open."),
        _ when e.HResult == Interop.Errno.ENOSPC => new KernelException(call, e.HResult, path, "The file system is full: free some room, or use another."),
        _ => new KernelException(call, e.HResult, path),
    };
}
