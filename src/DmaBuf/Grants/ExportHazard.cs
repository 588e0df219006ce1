namespace DmaBuf;

/// <summary>
/// Where the kernel reports success and does not share the buffer: PV domains, whose DMA layer may hand the driver a
/// bounce copy's pages or the wrong frames (drivers/xen/gntdev-dmabuf.c takes the pages from the DMA addresses).
/// </summary>
public static class ExportHazard
{
    /// <summary>What is wrong with exporting dma-bufs from this domain and what cures it, or null where nothing is.</summary>
    public static string? Find() => Find(
        SysFile.Read("/sys/hypervisor/guest_type"),
        SysFile.Read("/proc/xen/capabilities") == "control_d",
        SysFile.Read("/proc/cmdline") ?? "");

    internal static string? Find(string? guestType, bool isDom0, string commandLine)
    {
        if (!string.Equals(guestType, "PV", StringComparison.OrdinalIgnoreCase))
            return null;
        var options = commandLine.Split(' ');
        if (isDom0)
        {
            return options.Any(option => option.StartsWith("swiotlb=", StringComparison.Ordinal) && option.Contains("force", StringComparison.Ordinal) && !option.Contains("noforce", StringComparison.Ordinal))
                ? "This PV dom0 was booted with swiotlb=force: the peer sees a one-time snapshot, not the live buffer. Boot it without swiotlb=force, or share with New-GrantBuf."
                : null;
        }

        return options.Contains("iommu=soft")
            ? null
            : "In a PV domain without iommu=soft the kernel grants the wrong pages and reports success. Boot this domain with iommu=soft, make it PVH, or share with New-GrantBuf.";
    }
}
