using System.Runtime.InteropServices;

namespace DmaBuf.Interop;

/// <summary>
/// sys/epoll.h: a set of descriptors that is a descriptor itself. Adding one wakes nobody who polls the set, and a
/// descriptor that is closed is not in it any more.
/// </summary>
internal static unsafe partial class Epoll
{
    private const int EPOLL_CLOEXEC = 0x80000;
    private const int EPOLL_CTL_ADD = 1;
    private const int EPOLL_CTL_MOD = 3;
    private const uint EPOLLRDHUP = 0x2000;
    private const uint EPOLLET = 1u << 31;
    private const int MostEvents = 16;

    /// <summary>At least a struct epoll_event: 12 bytes on x86-64 and 16 on Arm64, with the events in front.</summary>
    internal const int EventSize = 16;

    /// <summary>epoll_create1(2).</summary>
    /// <returns>The descriptor, or null with the error number in <see cref="Errno.Last"/>.</returns>
    public static FileDescriptor? Create()
    {
        var fd = epoll_create1(EPOLL_CLOEXEC);
        return fd < 0 ? null : new FileDescriptor(fd);
    }

    /// <summary>Makes a set readable once when a stream's peer closes it, or at once if it has.</summary>
    /// <returns>False with the error number in <see cref="Errno.Last"/>: ENOMEM, ENOSPC.</returns>
    public static bool WatchForEnd(FileDescriptor set, FileDescriptor stream)
    {
        var words = stackalloc uint[EventSize / sizeof(uint)];
        words[0] = EPOLLRDHUP | EPOLLET;
        return epoll_ctl(set, EPOLL_CTL_ADD, stream, words) == 0
            || (Errno.Last == Errno.EEXIST && epoll_ctl(set, EPOLL_CTL_MOD, stream, words) == 0);
    }

    /// <summary>Makes a set unreadable until the next end of a stream.</summary>
    public static void Take(FileDescriptor set)
    {
        var events = stackalloc byte[MostEvents * EventSize];
        while (epoll_wait(set, events, MostEvents, 0) == MostEvents)
        {
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(FileDescriptor epfd, int op, FileDescriptor fd, uint* @event);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_wait(FileDescriptor epfd, byte* events, int maxevents, int timeout);
}
