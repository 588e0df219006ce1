using System.Runtime.InteropServices;
using DmaBuf.Tracing;

namespace DmaBuf.Interop;

/// <summary>unistd.h: file sizes, reading and writing, links, and the user id.</summary>
internal static unsafe partial class Unistd
{
    private const int SEEK_SET = 0;
    private const int SEEK_END = 2;

    /// <summary>ftruncate(2).</summary>
    public static bool Truncate(FileDescriptor fd, long length)
    {
        int result;
        do
        {
            result = ftruncate(fd, length);
        }
        while (Errno.IsInterrupted(result));

        KernelTrace.Write($"ftruncate({fd.Number}, {length}) = {Ioctl.Result(result)}");
        return result == 0;
    }

    /// <summary>
    /// fallocate(2): allocates the pages now, so that a lack of memory is an error here and not a SIGBUS later.
    /// </summary>
    public static bool Allocate(FileDescriptor fd, long length)
    {
        int result;
        do
        {
            result = fallocate(fd, 0, 0, length);
        }
        while (Errno.IsInterrupted(result));

        KernelTrace.Write($"fallocate({fd.Number}, 0, 0, {length}) = {Ioctl.Result(result)}");
        return result == 0;
    }

    /// <summary>
    /// The size of a dma-buf, found by the documented way: lseek(2) to its end. Every other holder of the open file
    /// shares the position, which is therefore set back to the start, as the kernel asks.
    /// </summary>
    public static long GetSize(FileDescriptor fd)
    {
        var size = lseek(fd, 0, SEEK_END);
        KernelTrace.Write($"lseek({fd.Number}, 0, SEEK_END) = {Ioctl.Result(size)}");
        if (size < 0)
            return size;
        var start = lseek(fd, 0, SEEK_SET);
        KernelTrace.Write($"lseek({fd.Number}, 0, SEEK_SET) = {Ioctl.Result(start)}");
        return size;
    }

    /// <summary>read(2). Errors: EAGAIN and the device's own.</summary>
    /// <returns>The bytes read, 0 at the end, or -1 with the error number in <see cref="Errno.Last"/>.</returns>
    public static long Read(FileDescriptor fd, Span<byte> bytes)
    {
        long result;
        do
        {
            result = read(fd, bytes, (nuint)bytes.Length);
        }
        while (Errno.IsInterrupted(result));

        KernelTrace.Write($"read({fd.Number}, {bytes.Length}) = {Ioctl.Result(result)}");
        return result;
    }

    /// <summary>pread(2).</summary>
    /// <returns>The bytes read, 0 at the end, or -1 with the error number in <see cref="Errno.Last"/>.</returns>
    public static long ReadAt(FileDescriptor fd, Span<byte> bytes, long offset)
    {
        long result;
        do
        {
            result = pread(fd, bytes, (nuint)bytes.Length, offset);
        }
        while (Errno.IsInterrupted(result));

        KernelTrace.Write($"pread({fd.Number}, {bytes.Length}, 0x{offset:x}) = {Ioctl.Result(result)}");
        return result;
    }

    /// <summary>write(2). Errors: EAGAIN, EPIPE and the device's own.</summary>
    /// <returns>The bytes written, or -1 with the error number in <see cref="Errno.Last"/>.</returns>
    public static long Write(FileDescriptor fd, ReadOnlySpan<byte> bytes)
    {
        long result;
        do
        {
            result = write(fd, bytes, (nuint)bytes.Length);
        }
        while (Errno.IsInterrupted(result));

        KernelTrace.Write($"write({fd.Number}, {bytes.Length}) = {Ioctl.Result(result)}");
        return result;
    }

    /// <summary>link(2). Errors: ENOENT, EEXIST, EPERM, EACCES.</summary>
    /// <returns>False on failure, with the error number in <see cref="Errno.Last"/>.</returns>
    public static bool Link(string path, string other)
    {
        var result = link(path, other);
        KernelTrace.Write($"link(\"{path}\", \"{other}\") = {Ioctl.Result(result)}");
        return result == 0;
    }

    /// <summary>The effective user id.</summary>
    public static uint EffectiveUserId => geteuid();

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ftruncate(FileDescriptor fd, long length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fallocate(FileDescriptor fd, int mode, long offset, long length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial long lseek(FileDescriptor fd, long offset, int whence);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(FileDescriptor fd, Span<byte> bytes, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint pread(FileDescriptor fd, Span<byte> bytes, nuint count, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(FileDescriptor fd, ReadOnlySpan<byte> bytes, nuint count);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int link(string path, string other);

    [LibraryImport("libc")]
    private static partial uint geteuid();
}
