using System.Runtime.InteropServices;

namespace DmaBuf.Interop;

/// <summary>sys/timerfd.h: a timer that poll(2) can wait for.</summary>
internal static unsafe partial class Timerfd
{
    private const int CLOCK_MONOTONIC = 1;
    private const int TFD_CLOEXEC = 0x80000;
    private const int TFD_NONBLOCK = 0x800;

    /// <summary>Two struct timespec: the interval, which stays 0, and the time until the timer expires.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct itimerspec
    {
        public nint it_interval_sec;
        public nint it_interval_nsec;
        public nint it_value_sec;
        public nint it_value_nsec;
    }

    /// <summary>timerfd_create(2), with the monotonic clock.</summary>
    /// <returns>The descriptor, or null with the error number in <see cref="Errno.Last"/>.</returns>
    public static FileDescriptor? Create()
    {
        var fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        return fd < 0 ? null : new FileDescriptor(fd);
    }

    /// <summary>
    /// Makes a timer unreadable, and readable once after less than a second; with 0 milliseconds, never.
    /// </summary>
    public static void Set(FileDescriptor timer, int milliseconds)
    {
        var time = new itimerspec { it_value_nsec = milliseconds * 1_000_000 };
        _ = timerfd_settime(timer, 0, &time, null);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int timerfd_create(int clockid, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int timerfd_settime(
        FileDescriptor fd, int flags, itimerspec* new_value, itimerspec* old_value);
}
