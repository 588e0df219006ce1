namespace DmaBuf.Lab;

/// <summary>The options of a guest of the emulated Xen host.</summary>
public sealed record XenGuestOptions
{
    /// <summary>The domain's name, which is also its host name.</summary>
    public required string Name { get; init; }

    /// <summary>How Xen runs the domain.</summary>
    public XenGuestType Type { get; init; } = XenGuestType.Pvh;

    /// <summary>
    /// The memory in MiB, which also holds the files that are written and <see cref="XenHostOptions.GuestFiles"/>.
    /// </summary>
    public int MemoryMiB { get; init; } = 512;

    /// <summary>The number of processors.</summary>
    public int Processors { get; init; } = 2;

    /// <summary>
    /// The maximum number of frames of the grant table. Each frame holds 512 references to one page each; the kernel
    /// needs some of them itself.
    /// </summary>
    public int GrantFrames { get; init; } = XenHostOptions.UsualGrantFrames;

    /// <summary>
    /// Further kernel parameters. The default, <c>iommu=soft</c>, makes a PV guest grant the right frames.
    /// </summary>
    public string KernelParameters { get; init; } = "iommu=soft";
}
