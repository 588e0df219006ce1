using DmaBuf.Interop;

namespace DmaBuf.Grants;

/// <summary>
/// Cases in which the kernel reports success but does not share the buffer: the DMA layer may hand the driver a bounce
/// copy's pages or, in PV domains, the wrong frames (drivers/xen/gntdev-dmabuf.c takes the pages from the DMA
/// addresses).
/// </summary>
public static class ExportHazard
{
    /// <summary>
    /// What is wrong with exporting dma-bufs from this domain and what helps, or null where nothing is wrong.
    /// </summary>
    /// <param name="own">This domain's id.</param>
    public static string? Find(ushort own) =>
        Find(SysFile.Read("/sys/hypervisor/guest_type"), own == 0, SysFile.Read("/proc/cmdline") ?? "");

    internal static string? Find(string? guestType, bool isDom0, string commandLine)
    {
        var isPv = string.Equals(guestType, "PV", StringComparison.OrdinalIgnoreCase);
        if (isPv && !isDom0 && !Has(commandLine, "iommu", "soft"))
        {
            return "In a PV domain without iommu=soft the kernel grants the wrong pages and reports success. Boot this "
                + "domain with iommu=soft, make it PVH, or share pages of the grant allocator.";
        }

        return guestType is not null && Has(commandLine, "swiotlb", "force")
            ? "This domain was booted with swiotlb=force: the peer sees a one-time snapshot, not the live buffer. Boot "
                + "it without swiotlb=force, or share pages of the grant allocator."
            : null;
    }

    /// <summary>Whether a kernel parameter's list contains a value.</summary>
    private static bool Has(string commandLine, string parameter, string value) => commandLine.Split(' ')
        .Where(option => option.StartsWith($"{parameter}=", StringComparison.Ordinal))
        .Any(option => option[(parameter.Length + 1)..].Split(',').Contains(value));
}
