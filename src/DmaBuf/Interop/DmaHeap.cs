using System.Runtime.InteropServices;

namespace DmaBuf.Interop;

/// <summary>linux/dma-heap.h: dma-bufs from a named heap.</summary>
internal static class DmaHeap
{
    /// <summary>The folder with one device for each heap.</summary>
    public const string DIRECTORY = "/dev/dma_heap";

    public static readonly uint DMA_HEAP_IOCTL_ALLOC = Ioctl.IOWR<dma_heap_allocation_data>('H', 0x0);

    [StructLayout(LayoutKind.Sequential)]
    public struct dma_heap_allocation_data
    {
        public ulong len;
        public uint fd;
        public uint fd_flags;
        public ulong heap_flags;
    }

    /// <summary>The names of this machine's heaps; none where the kernel has no CONFIG_DMABUF_HEAPS.</summary>
    public static IReadOnlyList<string> Names()
    {
        try
        {
            var heaps = Directory.EnumerateFileSystemEntries(DIRECTORY).Select(Path.GetFileName).OfType<string>();
            return [.. heaps.Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>DMA_HEAP_IOCTL_ALLOC. Errors: EINVAL (size 0), ENOMEM, EMFILE.</summary>
    public static FileDescriptor? Allocate(FileDescriptor heap, long length)
    {
        var argument = new dma_heap_allocation_data
        {
            len = (ulong)length,
            fd_flags = Fcntl.O_RDWR | Fcntl.O_CLOEXEC,
        };
        return Ioctl.Call(heap, DMA_HEAP_IOCTL_ALLOC, $"{nameof(DMA_HEAP_IOCTL_ALLOC)}, len {length}", ref argument) < 0
            ? null
            : new FileDescriptor((int)argument.fd);
    }
}
