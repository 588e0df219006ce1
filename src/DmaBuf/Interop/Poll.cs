using System.Runtime.InteropServices;

namespace DmaBuf.Interop;

/// <summary>poll.h and sys/eventfd.h: waiting for descriptors, and being woken.</summary>
internal static unsafe partial class Poll
{
    public const short POLLIN = 0x0001;
    public const short POLLOUT = 0x0004;

    private const int EFD_CLOEXEC = 0x80000;
    private const int EFD_NONBLOCK = 0x800;

    [StructLayout(LayoutKind.Sequential)]
    public struct pollfd
    {
        public int fd;
        public short events;
        public short revents;
    }

    /// <summary>poll(2); an interruption by a signal counts as no event.</summary>
    /// <returns>The number of descriptors with events, 0 at the time limit, or -1.</returns>
    public static int Wait(Span<pollfd> descriptors, int milliseconds)
    {
        fixed (pollfd* first = descriptors)
        {
            var result = poll(first, (nuint)descriptors.Length, milliseconds);
            return result < 0 && Errno.Last == Errno.EINTR ? 0 : result;
        }
    }

    /// <summary>eventfd(2), at zero.</summary>
    /// <returns>The descriptor, or null with the error number in <see cref="Errno.Last"/>.</returns>
    public static FileDescriptor? CreateEvent()
    {
        var fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        return fd < 0 ? null : new FileDescriptor(fd);
    }

    /// <summary>Makes an eventfd readable.</summary>
    public static void Signal(FileDescriptor eventFd)
    {
        var one = 1UL;
        _ = write(eventFd, &one, sizeof(ulong));
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int poll(pollfd* descriptors, nuint count, int milliseconds);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(FileDescriptor fd, void* bytes, nuint count);
}
