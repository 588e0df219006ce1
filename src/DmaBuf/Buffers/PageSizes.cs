using System.Globalization;

namespace DmaBuf;

/// <summary>The page sizes of the running kernel, and the check of a size against them.</summary>
public static class PageSizes
{
    private const string HugePagesDirectory = "/sys/kernel/mm/hugepages";

    /// <summary>The size of an ordinary page in bytes.</summary>
    public static long Base => Environment.SystemPageSize;

    /// <summary>The size of a huge page in bytes (Hugepagesize of /proc/meminfo), or 0 where the kernel has none.</summary>
    public static long DefaultHuge => ReadMeminfoHugePageSize() ?? 0;

    /// <summary>How many huge pages of the default size are reserved and free.</summary>
    public static long FreeHuge => SysFile.ReadNumber($"{HugePagesDirectory}/hugepages-{DefaultHuge / 1024}kB/free_hugepages") ?? 0;

    /// <summary>Refuses a size that is not a positive multiple of a page. Errors: <see cref="BufferException"/> (BadSize).</summary>
    internal static void CheckSize(long size, bool hugePages)
    {
        var page = hugePages ? DefaultHuge : Base;
        if (page == 0)
        {
            throw new BufferException(BufferFault.BadSize, "This kernel has no huge pages.",
                "Use a kernel with CONFIG_HUGETLBFS, or ordinary pages.");
        }

        if (size > 0 && size % page == 0)
            return;

        var kind = hugePages ? "huge page" : "page";
        var next = size <= 0 ? page : size > long.MaxValue - page ? size / page * page : (size / page + 1) * page;
        throw new BufferException(BufferFault.BadSize,
            $"{size} bytes is not a positive multiple of the {kind} size, {page} bytes.", $"Use {next} bytes.");
    }

    private static long? ReadMeminfoHugePageSize()
    {
        foreach (var line in SysFile.ReadLines("/proc/meminfo"))
        {
            if (line.StartsWith("Hugepagesize:", StringComparison.Ordinal))
                return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
        }

        return null;
    }
}
