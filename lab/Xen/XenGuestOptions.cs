namespace DmaBuf.Lab;

/// <summary>A guest of the emulated Xen host.</summary>
public sealed record XenGuestOptions
{
    /// <summary>The domain's name, which is its host name too.</summary>
    public required string Name { get; init; }

    /// <summary>How Xen runs it.</summary>
    public XenGuestType Type { get; init; } = XenGuestType.Pvh;

    /// <summary>
    /// Its memory in MiB; what is written to files and <see cref="XenHostOptions.GuestFiles"/> come out of it too.
    /// </summary>
    public int MemoryMiB { get; init; } = 512;

    /// <summary>The number of processors.</summary>
    public int Processors { get; init; } = 2;

    /// <summary>
    /// How many frames its grant table may have: each holds 512 references of a page, some of which the kernel needs.
    /// </summary>
    public int GrantFrames { get; init; } = XenHostOptions.UsualGrantFrames;

    /// <summary>
    /// More for the kernel's command line. The usual <c>iommu=soft</c> lets a PV guest grant the right frames.
    /// </summary>
    public string KernelParameters { get; init; } = "iommu=soft";
}
