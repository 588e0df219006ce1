using System.Runtime.InteropServices;

namespace DmaBuf.Interop;

/// <summary>
/// Error numbers of asm-generic/errno-base.h and errno.h. The ones used here are the same on every Linux architecture
/// that .NET supports.
/// </summary>
internal static class Errno
{
    public const int EPERM = 1;
    public const int ENOENT = 2;
    public const int ESRCH = 3;
    public const int EINTR = 4;
    public const int EIO = 5;
    public const int ENXIO = 6;
    public const int EBADF = 9;
    public const int EAGAIN = 11;
    public const int ENOMEM = 12;
    public const int EACCES = 13;
    public const int EFAULT = 14;
    public const int EBUSY = 16;
    public const int EEXIST = 17;
    public const int ENODEV = 19;
    public const int ENOTDIR = 20;
    public const int EISDIR = 21;
    public const int EINVAL = 22;
    public const int ENFILE = 23;
    public const int EMFILE = 24;
    public const int ENOTTY = 25;
    public const int EFBIG = 27;
    public const int ENOSPC = 28;
    public const int ESPIPE = 29;
    public const int EROFS = 30;
    public const int EPIPE = 32;
    public const int ENAMETOOLONG = 36;
    public const int ENOSYS = 38;
    public const int ENOLINK = 67;
    public const int EPROTO = 71;
    public const int EOVERFLOW = 75;
    public const int EBADFD = 77;
    public const int ENOTSOCK = 88;
    public const int EMSGSIZE = 90;
    public const int EPROTOTYPE = 91;
    public const int EPROTONOSUPPORT = 93;
    public const int EOPNOTSUPP = 95;
    public const int EAFNOSUPPORT = 97;
    public const int EADDRINUSE = 98;
    public const int EADDRNOTAVAIL = 99;
    public const int ENETDOWN = 100;
    public const int ENETUNREACH = 101;
    public const int ECONNABORTED = 103;
    public const int ECONNRESET = 104;
    public const int ENOBUFS = 105;
    public const int ETIMEDOUT = 110;
    public const int ECONNREFUSED = 111;
    public const int EHOSTUNREACH = 113;
    public const int EINPROGRESS = 115;

    private static readonly Dictionary<int, string> s_names = new()
    {
        [EPERM] = nameof(EPERM), [ENOENT] = nameof(ENOENT), [ESRCH] = nameof(ESRCH), [EINTR] = nameof(EINTR),
        [EIO] = nameof(EIO),
        [ENXIO] = nameof(ENXIO), [EBADF] = nameof(EBADF), [EAGAIN] = nameof(EAGAIN), [ENOMEM] = nameof(ENOMEM),
        [EACCES] = nameof(EACCES), [EFAULT] = nameof(EFAULT), [EBUSY] = nameof(EBUSY), [EEXIST] = nameof(EEXIST),
        [ENODEV] = nameof(ENODEV), [ENOTDIR] = nameof(ENOTDIR), [EISDIR] = nameof(EISDIR),
        [EINVAL] = nameof(EINVAL), [ENFILE] = nameof(ENFILE), [EMFILE] = nameof(EMFILE), [ENOTTY] = nameof(ENOTTY),
        [EFBIG] = nameof(EFBIG), [ENOSPC] = nameof(ENOSPC), [ESPIPE] = nameof(ESPIPE), [EROFS] = nameof(EROFS),
        [EPIPE] = nameof(EPIPE), [ENAMETOOLONG] = nameof(ENAMETOOLONG), [ENOSYS] = nameof(ENOSYS),
        [ENOLINK] = nameof(ENOLINK),
        [EPROTO] = nameof(EPROTO), [EOVERFLOW] = nameof(EOVERFLOW), [EBADFD] = nameof(EBADFD),
        [ENOTSOCK] = nameof(ENOTSOCK),
        [EMSGSIZE] = nameof(EMSGSIZE), [EPROTOTYPE] = nameof(EPROTOTYPE), [EPROTONOSUPPORT] = nameof(EPROTONOSUPPORT),
        [EOPNOTSUPP] = nameof(EOPNOTSUPP), [EAFNOSUPPORT] = nameof(EAFNOSUPPORT), [EADDRINUSE] = nameof(EADDRINUSE),
        [EADDRNOTAVAIL] = nameof(EADDRNOTAVAIL), [ENETDOWN] = nameof(ENETDOWN), [ENETUNREACH] = nameof(ENETUNREACH),
        [ECONNABORTED] = nameof(ECONNABORTED), [ECONNRESET] = nameof(ECONNRESET), [ENOBUFS] = nameof(ENOBUFS),
        [ETIMEDOUT] = nameof(ETIMEDOUT), [ECONNREFUSED] = nameof(ECONNREFUSED), [EHOSTUNREACH] = nameof(EHOSTUNREACH),
        [EINPROGRESS] = nameof(EINPROGRESS),
    };

    /// <summary>The errno that the last P/Invoke on this thread set.</summary>
    public static int Last => Marshal.GetLastPInvokeError();

    /// <summary>Whether a signal interrupted the call, so that it must be repeated.</summary>
    public static bool IsInterrupted(long result) => result < 0 && Last == EINTR;

    /// <summary>The kernel's name of an error number, such as <c>EINVAL</c>.</summary>
    public static string Name(int errno) =>
        s_names.TryGetValue(errno, out var name) ? name : KernelErrno.Name(errno) ?? $"errno {errno}";

    /// <summary>
    /// A description of an error number, such as <c>Invalid argument</c>: the C library's where it has one.
    /// </summary>
    public static string Describe(int errno) => KernelErrno.Describe(errno) ?? Marshal.GetPInvokeErrorMessage(errno);
}
