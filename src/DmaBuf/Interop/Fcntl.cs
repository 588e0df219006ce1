using System.Runtime.InteropServices;
using DmaBuf.Tracing;

namespace DmaBuf.Interop;

/// <summary>fcntl.h: opening files, and what a descriptor allows.</summary>
internal static partial class Fcntl
{
    public const int O_RDONLY = 0;
    public const int O_WRONLY = 1;
    public const int O_RDWR = 2;
    public const int O_ACCMODE = 3;
    public const int O_CREAT = 0x40;
    public const int O_TRUNC = 0x200;
    public const int O_NONBLOCK = 0x800;
    public const int O_CLOEXEC = 0x80000;

    public const int F_SEAL_SEAL = 0x0001;
    public const int F_SEAL_SHRINK = 0x0002;
    public const int F_SEAL_GROW = 0x0004;
    public const int F_SEAL_WRITE = 0x0008;
    public const int F_SEAL_FUTURE_WRITE = 0x0010;

    private const int F_GETFL = 3;
    private const int F_DUPFD_CLOEXEC = 1030;
    private const int F_ADD_SEALS = 1033;
    private const int F_GET_SEALS = 1034;

    private static readonly (int Flag, string Name)[] s_openFlags =
    [
        (O_CREAT, nameof(O_CREAT)),
        (O_TRUNC, nameof(O_TRUNC)),
        (O_NONBLOCK, nameof(O_NONBLOCK)),
        (O_CLOEXEC, nameof(O_CLOEXEC)),
    ];

    /// <summary>open(2) with O_CLOEXEC; with O_CREAT a new file gets <paramref name="mode"/>, less the umask.</summary>
    public static FileDescriptor? Open(string path, int flags, int mode = 0)
    {
        int fd;
        flags |= O_CLOEXEC;
        do
        {
            fd = open(path, flags, mode);
        }
        while (Errno.IsInterrupted(fd));

        KernelTrace.Write($"open(\"{path}\", {OpenFlags(flags)}{Mode(flags, mode)}) = {Ioctl.Result(fd)}");
        return fd < 0 ? null : new FileDescriptor(fd);
    }

    /// <summary>The flags a descriptor was opened with, O_ACCMODE among them.</summary>
    public static int GetFlags(FileDescriptor fd)
    {
        var flags = fcntl(fd, F_GETFL, 0);
        KernelTrace.Write($"fcntl({fd.Number}, F_GETFL) = {(flags < 0 ? Ioctl.Result(flags) : OpenFlags(flags))}");
        return flags;
    }

    /// <summary>A second descriptor for the same open file.</summary>
    public static FileDescriptor? Duplicate(int fd)
    {
        var copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        KernelTrace.Write($"fcntl({fd}, F_DUPFD_CLOEXEC) = {Ioctl.Result(copy)}");
        return copy < 0 ? null : new FileDescriptor(copy);
    }

    /// <inheritdoc cref="Duplicate(int)"/>
    public static FileDescriptor? Duplicate(FileDescriptor fd)
    {
        var copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        KernelTrace.Write($"fcntl({fd.Number}, F_DUPFD_CLOEXEC) = {Ioctl.Result(copy)}");
        return copy < 0 ? null : new FileDescriptor(copy);
    }

    /// <summary>
    /// F_ADD_SEALS. Errors: EPERM (sealed with F_SEAL_SEAL), EBUSY (F_SEAL_WRITE with writable mappings).
    /// </summary>
    public static bool AddSeals(FileDescriptor memfd, int seals)
    {
        var result = fcntl(memfd, F_ADD_SEALS, seals);
        KernelTrace.Write($"fcntl({memfd.Number}, F_ADD_SEALS, 0x{seals:x}) = {Ioctl.Result(result)}");
        return result == 0;
    }

    /// <summary>F_GET_SEALS: the seals of a memfd, or -1 with EINVAL for a file that has none.</summary>
    public static int GetSeals(FileDescriptor fd)
    {
        var seals = fcntl(fd, F_GET_SEALS, 0);
        KernelTrace.Write($"fcntl({fd.Number}, F_GET_SEALS) = {(seals < 0 ? Ioctl.Result(seals) : $"0x{seals:x}")}");
        return seals;
    }

    private static string Mode(int flags, int mode) => (flags & O_CREAT) != 0 ? $", 0{Convert.ToString(mode, 8)}" : "";

    /// <summary>The names of open(2)'s flags, and a number for those without a name here.</summary>
    private static string OpenFlags(int flags)
    {
        var access = (flags & O_ACCMODE) switch { O_RDONLY => "O_RDONLY", O_WRONLY => "O_WRONLY", _ => "O_RDWR" };
        var names = new List<string> { access };
        var rest = flags & ~O_ACCMODE;
        foreach (var (flag, name) in s_openFlags)
        {
            if ((rest & flag) == 0)
                continue;
            names.Add(name);
            rest &= ~flag;
        }

        if (rest != 0)
            names.Add($"0x{rest:x}");
        return string.Join('|', names);
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags, int mode);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(FileDescriptor fd, int command, nint argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int fd, int command, nint argument);
}
