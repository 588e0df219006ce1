namespace DmaBuf.Lab;

/// <summary>The options of a guest of the emulated Xen host.</summary>
public sealed record XenGuestOptions : GuestOptions
{
    /// <summary>How Xen runs the domain.</summary>
    public XenGuestType Type { get; init; } = XenGuestType.Pvh;

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
