using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Buffers;

/// <summary>dma-bufs from the kernel's heaps (drivers/dma-buf/dma-heap.c).</summary>
public static class DmaHeapAllocator
{
    /// <summary>The names of this machine's heaps; none where the kernel has no CONFIG_DMABUF_HEAPS.</summary>
    public static IReadOnlyList<string> HeapNames() => DmaHeap.Names();

    /// <summary>
    /// Allocates a buffer of <paramref name="size"/> bytes, a positive multiple of the page size, from a heap.
    /// Errors: <see cref="BufferException"/> (BadSize, BadName, NotEnoughMemory), <see cref="KernelException"/> (open:
    /// no such heap or no permission; DMA_HEAP_IOCTL_ALLOC: ENOMEM).
    /// </summary>
    /// <param name="heap">The heap's name, such as <c>system</c>: a file of /dev/dma_heap.</param>
    /// <param name="size">The size in bytes.</param>
    /// <param name="name">The buffer's name, or null.</param>
    public static DmaBuffer Allocate(string heap, long size, string? name = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(heap);
        PageSizes.CheckSize(size, hugePages: false);
        DmaBuffer.CheckName(name);

        // A heap is a file name and nothing else: "../udmabuf" is not a heap.
        var path = $"{DmaHeap.DIRECTORY}/{heap}";
        if (heap.Contains('/', StringComparison.Ordinal) || heap is "." or "..")
            throw new KernelException("open", Errno.ENOENT, path);
        if (heap.StartsWith("system", StringComparison.Ordinal))
            PageSizes.CheckMemory(size);

        using var device = Fcntl.Open(path, Fcntl.O_RDWR) ?? throw new KernelException("open", Errno.Last, path);
        var fd = DmaHeap.Allocate(device, size)
            ?? throw new KernelException(nameof(DmaHeap.DMA_HEAP_IOCTL_ALLOC), Errno.Last, $"{path} for {size} bytes");
        return DmaBuffer.Adopt(fd, BufferOrigin.DmaHeap, name);
    }
}
