using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Buffers;

/// <summary>Plain memfds: shareable memory on kernels without udmabuf. They are not dma-bufs.</summary>
public static class MemFdAllocator
{
    /// <summary>What the kernel calls a memfd whose buffer has no name.</summary>
    internal const string NoName = "dmabufps";

    /// <summary>
    /// Makes a sealed memfd of <paramref name="size"/> bytes, a positive multiple of the page size, and allocates its
    /// pages. Errors: <see cref="BufferException"/> (BadSize, BadName, NotEnoughMemory), <see cref="KernelException"/>
    /// (memfd_create, ftruncate, F_ADD_SEALS, fallocate).
    /// </summary>
    public static DmaBuffer Allocate(long size, MemFdOptions? options = null)
    {
        options ??= new MemFdOptions();
        var memfd = Create(size, options, checkMemory: true);
        if (!Unistd.Allocate(memfd, size))
        {
            using (memfd)
                throw new KernelException("fallocate", Errno.Last, Describe(size), HugePageAction(size, options));
        }

        return DmaBuffer.Adopt(memfd, BufferOrigin.MemFd, options.Name);
    }

    /// <summary>
    /// Makes a memfd in the place of a udmabuf of <paramref name="rangeCount"/> ranges. It takes the same sizes and is
    /// one piece of memory. Errors: as <see cref="Allocate"/>.
    /// </summary>
    public static DmaBuffer AllocateRanges(long rangeSize, int rangeCount, MemFdOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rangeCount, 1);
        PageSizes.CheckSize(rangeSize, options?.HugePages ?? false);
        // A total that does not fit into a long is more than any machine's memory.
        var total = Int128.Min((Int128)rangeSize * rangeCount, long.MaxValue / rangeSize * rangeSize);
        return Allocate((long)total, options);
    }

    /// <summary>
    /// Makes a memfd in the place of a udmabuf of <paramref name="size"/> bytes in equal ranges. It takes the same
    /// sizes and is one piece of memory. Errors: as <see cref="Allocate"/>.
    /// </summary>
    public static DmaBuffer AllocateSplit(long size, int rangeCount, MemFdOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rangeCount, 1);
        PageSizes.CheckSize(size, options?.HugePages ?? false, rangeCount);
        return Allocate(size, options);
    }

    internal static FileDescriptor Create(long size, MemFdOptions options, bool checkMemory = false)
    {
        PageSizes.CheckSize(size, options.HugePages);
        if (checkMemory && !options.HugePages)
            PageSizes.CheckMemory(size);
        DmaBuffer.CheckName(options.Name);
        var memfd = Mman.MemfdCreate(options.Name ?? NoName, options.HugePages)
            ?? throw new KernelException("memfd_create", Errno.Last, Describe(size));
        try
        {
            if (!Unistd.Truncate(memfd, size))
                throw new KernelException("ftruncate", Errno.Last, Describe(size), SizeAction);
            if (options.Seals != MemFdSeals.None && !Fcntl.AddSeals(memfd, (int)options.Seals))
                throw new KernelException("F_ADD_SEALS", Errno.Last, Describe(size));
            return memfd;
        }
        catch
        {
            memfd.Dispose();
            throw;
        }
    }

    internal static string? HugePageAction(long size, MemFdOptions options) => options.HugePages
        ? $"That takes {Quantity.Of(size / PageSizes.DefaultHuge, "free huge page")} of {PageSizes.DefaultHuge} bytes: "
            + "reserve more in /proc/sys/vm/nr_hugepages."
        : null;

    private const string SizeAction = "Use a smaller size: this one is more than the file system can hold.";

    private static string Describe(long size) => $"a memfd of {size} bytes";
}
