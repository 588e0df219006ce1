using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Buffers;

/// <summary>The page sizes of the running kernel, and checks of sizes against them.</summary>
public static class PageSizes
{
    private const string HugePagesDirectory = "/sys/kernel/mm/hugepages";

    /// <summary>The size of an ordinary page in bytes.</summary>
    public static long Base => Environment.SystemPageSize;

    /// <summary>
    /// The size of a huge page in bytes (Hugepagesize of /proc/meminfo), or 0 where the kernel has none.
    /// </summary>
    public static long DefaultHuge => SysFile.ReadMeminfo("Hugepagesize") ?? 0;

    /// <summary>How many huge pages of the default size are reserved and free.</summary>
    public static long FreeHuge => SysFile.ReadNumber(
        $"{HugePagesDirectory}/hugepages-{DefaultHuge / 1024}kB/free_hugepages") ?? 0;

    /// <summary>
    /// Refuses a size that cannot be divided into the given number of equal ranges of whole pages. Errors:
    /// <see cref="BufferException"/> (BadSize).
    /// </summary>
    internal static void CheckSize(long size, bool hugePages, int rangeCount = 1)
    {
        var page = hugePages ? DefaultHuge : Base;
        if (page == 0)
        {
            throw new BufferException(BufferFault.BadSize, "This kernel has no huge pages.",
                "Use a kernel with CONFIG_HUGETLBFS, or ordinary pages.");
        }

        var unit = page * rangeCount;
        if (size > 0 && size % unit == 0)
            return;

        var kind = hugePages ? "huge page" : "page";
        var next = size <= 0 ? unit : size > long.MaxValue - unit ? size / unit * unit : (size / unit + 1) * unit;
        throw new BufferException(BufferFault.BadSize, rangeCount == 1
            ? $"{size} bytes is not a positive multiple of the {kind} size, {page} bytes."
            : $"{size} bytes cannot be cut into {rangeCount} equal ranges of whole {kind}s of {page} bytes.",
            rangeCount == 1 ? $"Use {next} bytes." : $"Use {next} bytes, or another multiple of {unit} bytes.");
    }

    /// <summary>
    /// Refuses a size that exceeds the available memory. The kernel has no limit for memfds and the system heap: it
    /// would allocate pages until the out-of-memory killer runs. Errors: <see cref="BufferException"/>
    /// (NotEnoughMemory).
    /// </summary>
    internal static void CheckMemory(long size)
    {
        // Most sizes fit many times over, and reading /proc takes as long as making the buffer.
        if (size > Sysinfo.FreeRam && SysFile.ReadMeminfo("MemAvailable") is { } available && size > available)
        {
            throw new BufferException(BufferFault.NotEnoughMemory,
                $"{size} bytes are more than the {available} bytes of memory that are available.",
                "Use a smaller size, or free some memory (MemAvailable in /proc/meminfo).");
        }
    }
}
