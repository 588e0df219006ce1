using System.Runtime.InteropServices;
using DmaBuf.Tracing;

namespace DmaBuf.Interop;

/// <summary>sys/file.h: advisory locks on open files and folders.</summary>
internal static partial class Flock
{
    private const int LOCK_EX = 2;
    private const int LOCK_NB = 4;

    /// <summary>
    /// flock(2) without waiting. Errors: EAGAIN (EWOULDBLOCK) where another holds it. Closing the descriptor frees it.
    /// </summary>
    public static bool TryLock(FileDescriptor fd)
    {
        var result = flock(fd, LOCK_EX | LOCK_NB);
        KernelTrace.Write($"flock({fd.Number}, LOCK_EX|LOCK_NB) = {Ioctl.Result(result)}");
        return result == 0;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int flock(FileDescriptor fd, int operation);
}
