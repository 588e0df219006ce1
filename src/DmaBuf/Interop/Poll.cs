using System.Runtime.InteropServices;

namespace DmaBuf.Interop;

/// <summary>poll.h and sys/eventfd.h: waiting for descriptors, and being woken from the wait.</summary>
internal static unsafe partial class Poll
{
    public const short POLLIN = 0x0001;
    public const short POLLOUT = 0x0004;
    public const short POLLRDHUP = 0x2000;

    private const int EFD_CLOEXEC = 0x80000;
    private const int EFD_NONBLOCK = 0x800;

    [StructLayout(LayoutKind.Sequential)]
    public struct pollfd
    {
        public int fd;
        public short events;
        public short revents;
    }

    /// <summary>poll(2). Errors: EINTR, ENOMEM.</summary>
    /// <returns>
    /// The number of descriptors with events, 0 at the time limit, or -1 with the error number in
    /// <see cref="Errno.Last"/>.
    /// </returns>
    public static int Wait(Span<pollfd> descriptors, int milliseconds)
    {
        fixed (pollfd* first = descriptors)
            return poll(first, (nuint)descriptors.Length, milliseconds);
    }

    /// <summary>Whether a descriptor has one of the events now, is hung up or has failed.</summary>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public static bool Has(FileDescriptor fd, short events)
    {
        var held = false;
        try
        {
            fd.DangerousAddRef(ref held);
            var polled = new pollfd { fd = fd.Number, events = events };
            return Wait(new Span<pollfd>(ref polled), 0) > 0;
        }
        finally
        {
            if (held)
                fd.DangerousRelease();
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

    /// <summary>Makes an eventfd unreadable until the next signal.</summary>
    public static void Reset(FileDescriptor eventFd)
    {
        ulong count;
        _ = read(eventFd, &count, sizeof(ulong));
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int poll(pollfd* descriptors, nuint count, int milliseconds);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(FileDescriptor fd, void* bytes, nuint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(FileDescriptor fd, void* bytes, nuint count);
}
