namespace DmaBuf.Lab;

/// <summary>The options of an emulated Xen host.</summary>
public sealed record XenHostOptions : GuestHostOptions
{
    /// <summary>The number of grant table frames that Xen allows by default.</summary>
    internal const int UsualGrantFrames = 64;

    /// <summary>The guests to start, in this order; the first becomes domain 1.</summary>
    public IReadOnlyList<XenGuestOptions> Guests { get; init; } = [new() { Name = "alice" }];

    /// <summary>The grant device's driver in all domains.</summary>
    public GrantDriver Driver { get; init; } = GrantDriver.Distribution;

    /// <summary>How Xen runs dom0.</summary>
    public XenGuestType Dom0Type { get; init; } = XenGuestType.Pv;

    /// <summary>Whether any domain is a PVH domain.</summary>
    public bool HasPvhDomain => Guests.Select(guest => guest.Type).Append(Dom0Type).Contains(XenGuestType.Pvh);

    /// <summary>dom0's memory in MiB.</summary>
    public int Dom0MemoryMiB { get; init; } = 1024;

    /// <summary>
    /// The maximum number of frames of dom0's grant table, which is also the limit for a guest's. Each frame holds 512
    /// references to one page each.
    /// </summary>
    public int GrantFrames { get; init; } = UsualGrantFrames;

    /// <summary>Further parameters for dom0's kernel.</summary>
    public string Dom0KernelParameters { get; init; } = string.Empty;
}
