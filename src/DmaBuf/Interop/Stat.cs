using System.Runtime.InteropServices;
using DmaBuf.Tracing;

namespace DmaBuf.Interop;

/// <summary>sys/stat.h and sys/vfs.h: what a descriptor or a path is.</summary>
internal static unsafe partial class Stat
{
    public const int S_IFMT = 0xF000;
    public const int S_IFIFO = 0x1000;
    public const int S_IFDIR = 0x4000;
    public const int S_IFREG = 0x8000;
    public const int S_IFSOCK = 0xC000;

    /// <summary>What fstatfs reports for a file of huge pages (linux/magic.h).</summary>
    public const long HUGETLBFS_MAGIC = 0x958458f6;

    private const int AT_FDCWD = -100;
    private const int AT_SYMLINK_NOFOLLOW = 0x100;
    private const int AT_EMPTY_PATH = 0x1000;
    private const uint STATX_BASIC_STATS = 0x7ff;

    /// <summary>
    /// struct statx of linux/stat.h, which, unlike struct stat, has the same layout on all architectures.
    /// </summary>
    [StructLayout(LayoutKind.Sequential, Size = 256)]
    public struct statx
    {
        public uint stx_mask;
        public uint stx_blksize;
        public ulong stx_attributes;
        public uint stx_nlink;
        public uint stx_uid;
        public uint stx_gid;
        public ushort stx_mode;
        public ushort spare0;
        public ulong stx_ino;
        public ulong stx_size;
        public ulong stx_blocks;
        public ulong stx_attributes_mask;
        public statx_timestamp stx_atime;
        public statx_timestamp stx_btime;
        public statx_timestamp stx_ctime;
        public statx_timestamp stx_mtime;
    }

    /// <summary>struct statx_timestamp of linux/stat.h: seconds since the epoch, and nanoseconds.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct statx_timestamp
    {
        public long tv_sec;
        public uint tv_nsec;
        public int reserved;
    }

    /// <summary>statx(2) of an open descriptor.</summary>
    public static bool OfDescriptor(FileDescriptor fd, out statx result) =>
        Of(fd.Number, "", AT_EMPTY_PATH, out result);

    /// <summary>statx(2) of a path; where the path is a link, of the link itself.</summary>
    public static bool OfPath(string path, out statx result) => Of(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, out result);

    /// <summary>statx(2) of what a path leads to, such as a link in /proc/PID/fd.</summary>
    public static bool OfTarget(string path, out statx result) => Of(AT_FDCWD, path, 0, out result);

    /// <summary>f_type of fstatfs(2), or -1. It is the first word of struct statfs and as wide as a long.</summary>
    public static long FileSystemType(FileDescriptor fd)
    {
        var buffer = stackalloc nint[64];
        var result = fstatfs(fd, buffer);
        KernelTrace.Write($"fstatfs({fd.Number}) = {Ioctl.Result(result)}, f_type 0x{buffer[0]:x}");
        return result < 0 ? -1 : (uint)buffer[0];
    }

    private static bool Of(int directory, string path, int flags, out statx result)
    {
        var returned = Statx(directory, path, flags, STATX_BASIC_STATS, out result);
        KernelTrace.Write(
            $"statx({DirectoryName(directory)}, \"{path}\", {FlagName(flags)}) = {Ioctl.Result(returned)}"
            + $"{(returned < 0 ? "" : Fields(result))}");
        return returned == 0;
    }

    private static string DirectoryName(int directory) => directory == AT_FDCWD ? nameof(AT_FDCWD) : $"{directory}";

    private static string FlagName(int flags) => flags switch
    {
        AT_EMPTY_PATH => nameof(AT_EMPTY_PATH),
        AT_SYMLINK_NOFOLLOW => nameof(AT_SYMLINK_NOFOLLOW),
        _ => $"{flags}",
    };

    private static string Fields(in statx status) =>
        $", mode 0{Convert.ToString(status.stx_mode, 8)}, inode {status.stx_ino}, size {status.stx_size}";

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, out statx result);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fstatfs(FileDescriptor fd, nint* result);
}
