using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Frames;

/// <summary>Memory for frames.</summary>
public static class FrameMemory
{
    private const string SystemHeap = "system";

    /// <summary>
    /// A dma-buf from the system heap, or of udmabuf where there is none, or a memfd where there is neither.
    /// </summary>
    /// <param name="size">The size in bytes, which is rounded up to whole pages.</param>
    /// <exception cref="DmaBufException">There is not so much memory.</exception>
    public static DmaBuffer Allocate(long size)
    {
        var whole = RoundUp(size);
        if (DmaHeapAllocator.HeapNames().Contains(SystemHeap))
        {
            try
            {
                return DmaHeapAllocator.Allocate(SystemHeap, whole);
            }
            catch (KernelException e) when (IsAbsent(e))
            {
                // This user may not open it.
            }
        }

        try
        {
            return UdmabufAllocator.Allocate(whole);
        }
        catch (KernelException e) when (IsAbsent(e))
        {
            return MemFdAllocator.Allocate(whole);
        }
    }

    /// <summary>
    /// A udmabuf, of huge pages where enough are free for a frame that is large: they are few ranges of a guest's page
    /// frames, however full the guest's memory is.
    /// </summary>
    /// <inheritdoc cref="Allocate"/>
    internal static DmaBuffer AllocateUdmabuf(long size)
    {
        var huge = PageSizes.DefaultHuge;
        return huge > 0 && size > huge / 2 && PageSizes.FreeHuge * huge >= size
            ? UdmabufAllocator.Allocate((size + huge - 1) / huge * huge, 1, new MemFdOptions { HugePages = true })
            : UdmabufAllocator.Allocate(RoundUp(size));
    }

    /// <summary>A dma-buf from a heap.</summary>
    /// <param name="heap">The heap's name.</param>
    /// <param name="size">The size in bytes, which is rounded up to whole pages.</param>
    /// <exception cref="DmaBufException">As <see cref="DmaHeapAllocator.Allocate"/>.</exception>
    public static DmaBuffer AllocateFrom(string heap, long size) => DmaHeapAllocator.Allocate(heap, RoundUp(size));

    /// <summary>A size in bytes, rounded up to whole pages.</summary>
    internal static long RoundUp(long size)
    {
        var page = PageSizes.Base;
        return (size + page - 1) / page * page;
    }

    private static bool IsAbsent(KernelException e) =>
        e.Call == "open" && e.Errno is Errno.ENOENT or Errno.EACCES or Errno.EPERM or Errno.ENODEV;
}
