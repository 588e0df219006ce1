using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Buffers;

/// <summary>What the kernel reports about a descriptor of memory.</summary>
/// <param name="Size">The size in bytes.</param>
/// <param name="Inode">The inode number.</param>
internal readonly record struct FileSize(long Size, ulong Inode)
{
    /// <exception cref="KernelException">lseek, statx.</exception>
    public static FileSize Of(FileDescriptor fd)
    {
        var size = Unistd.GetSize(fd);
        if (size < 0)
            throw new KernelException("lseek", Errno.Last, $"descriptor {fd.Number}");
        return Of(fd, size);
    }

    /// <summary>The same for a descriptor whose size is known.</summary>
    /// <exception cref="KernelException">statx.</exception>
    public static FileSize Of(FileDescriptor fd, long size) =>
        Stat.OfDescriptor(fd, out var status)
            ? new FileSize(size, status.stx_ino)
            : throw new KernelException("statx", Errno.Last, $"descriptor {fd.Number}");
}
