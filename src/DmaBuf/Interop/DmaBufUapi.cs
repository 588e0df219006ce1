using System.Runtime.InteropServices;
using System.Text;

namespace DmaBuf.Interop;

/// <summary>linux/dma-buf.h: access brackets and names.</summary>
internal static unsafe class DmaBufUapi
{
    /// <summary>What fstatfs reports for a dma-buf (DMA_BUF_MAGIC of linux/magic.h, "DMAB").</summary>
    public const long DMA_BUF_MAGIC = 0x444d4142;

    /// <summary>The longest name with its terminating NUL, in bytes.</summary>
    public const int DMA_BUF_NAME_LEN = 32;

    public const ulong DMA_BUF_SYNC_READ = 1 << 0;
    public const ulong DMA_BUF_SYNC_WRITE = 2 << 0;
    public const ulong DMA_BUF_SYNC_START = 0 << 2;
    public const ulong DMA_BUF_SYNC_END = 1 << 2;

    public static readonly uint DMA_BUF_IOCTL_SYNC = Ioctl.IOW<dma_buf_sync>('b', 0);

    /// <summary>
    /// The header's DMA_BUF_SET_NAME encodes the size of a pointer; the kernel takes the 64-bit form everywhere.
    /// </summary>
    public static readonly uint DMA_BUF_SET_NAME_B = Ioctl.IOW<ulong>('b', 1);

    [StructLayout(LayoutKind.Sequential)]
    public struct dma_buf_sync
    {
        public ulong flags;
    }

    /// <summary>
    /// DMA_BUF_IOCTL_SYNC, repeated at EAGAIN as its header asks. Errors: EINVAL (flags), and whatever the exporter's
    /// driver reports.
    /// </summary>
    /// <returns>False on failure, with the error number in <see cref="Errno.Last"/>.</returns>
    public static bool Sync(FileDescriptor buffer, ulong flags)
    {
        var argument = new dma_buf_sync { flags = flags };
        int result;
        do
        {
            result = Ioctl.Call(
                buffer, DMA_BUF_IOCTL_SYNC, $"{nameof(DMA_BUF_IOCTL_SYNC)}, {Name(flags)}", ref argument);
        }
        while (result < 0 && Errno.Last == Errno.EAGAIN);

        return result == 0;
    }

    private static string Name(ulong flags) =>
        $"{((flags & DMA_BUF_SYNC_END) != 0 ? "END" : "START")}|{((flags & DMA_BUF_SYNC_WRITE) != 0 ? "RW" : "READ")}";

    /// <summary>DMA_BUF_SET_NAME. Errors: EINVAL (longer than 31 bytes).</summary>
    /// <returns>False on failure, with the error number in <see cref="Errno.Last"/>.</returns>
    public static bool SetName(FileDescriptor buffer, string name)
    {
        fixed (byte* bytes = Encoding.UTF8.GetBytes(name + '\0'))
            return Ioctl.Call(buffer, DMA_BUF_SET_NAME_B, $"DMA_BUF_SET_NAME, \"{name}\"", bytes) == 0;
    }
}
