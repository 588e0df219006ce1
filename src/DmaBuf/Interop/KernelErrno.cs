namespace DmaBuf.Interop;

/// <summary>
/// The error numbers of the kernel's own linux/errno.h. They should not leave the kernel, but some drivers return
/// them, and the C library has no text for them.
/// </summary>
internal static class KernelErrno
{
    public const int ENOTSUPP = 524;

    private static readonly Dictionary<int, (string Name, string Text)> s_numbers = new()
    {
        [512] = ("ERESTARTSYS", "Interrupted system call should be restarted"),
        [513] = ("ERESTARTNOINTR", "Interrupted system call must be restarted"),
        [514] = ("ERESTARTNOHAND", "Interrupted system call should be restarted if there is no handler"),
        [515] = ("ENOIOCTLCMD", "No such ioctl command"),
        [516] = ("ERESTART_RESTARTBLOCK", "Interrupted system call should be restarted by restart_syscall"),
        [517] = ("EPROBE_DEFER", "Driver requests probe retry"),
        [518] = ("EOPENSTALE", "Open found a stale directory entry"),
        [519] = ("ENOPARAM", "Parameter not supported"),
        [521] = ("EBADHANDLE", "Illegal NFS file handle"),
        [522] = ("ENOTSYNC", "Update synchronization mismatch"),
        [523] = ("EBADCOOKIE", "Stale directory cookie"),
        [ENOTSUPP] = (nameof(ENOTSUPP), "Operation is not supported"),
        [525] = ("ETOOSMALL", "Buffer or request is too small"),
        [526] = ("ESERVERFAULT", "Untranslatable error"),
        [527] = ("EBADTYPE", "Type not supported by the server"),
        [528] = ("EJUKEBOX", "Request started, and will not complete before the timeout"),
        [529] = ("EIOCBQUEUED", "Input or output request queued"),
        [530] = ("ERECALLCONFLICT", "Conflict with a recalled state"),
    };

    /// <summary>The number's name, or null where it is not one of the kernel's own.</summary>
    public static string? Name(int errno) => s_numbers.TryGetValue(errno, out var number) ? number.Name : null;

    /// <summary>The number's description, or null where it is not one of the kernel's own.</summary>
    public static string? Describe(int errno) => s_numbers.TryGetValue(errno, out var number) ? number.Text : null;
}
