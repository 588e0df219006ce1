namespace DmaBuf.Lab;

/// <summary>How an emulated Xen host is made.</summary>
public sealed record XenHostOptions
{
    /// <summary>The frames of a grant table that Xen itself allows by default.</summary>
    internal const int UsualGrantFrames = 64;

    /// <summary>The guests to start, in this order: the first is domain 1.</summary>
    public IReadOnlyList<XenGuestOptions> Guests { get; init; } = [new() { Name = "alice" }];

    /// <summary>The grant device's driver in all domains.</summary>
    public GrantDriver Driver { get; init; } = GrantDriver.Distribution;

    /// <summary>How Xen runs dom0.</summary>
    public XenGuestType Dom0Type { get; init; } = XenGuestType.Pv;

    /// <summary>dom0's memory in MiB.</summary>
    public int Dom0MemoryMiB { get; init; } = 1024;

    /// <summary>
    /// How many frames dom0's grant table may have, and a guest's at most: 512 references of a page each.
    /// </summary>
    public int GrantFrames { get; init; } = UsualGrantFrames;

    /// <summary>More for the command line of dom0's kernel.</summary>
    public string Dom0KernelParameters { get; init; } = string.Empty;

    /// <summary>The words that start PowerShell, for remoting over ssh; none where there is no PowerShell.</summary>
    public IReadOnlyList<string> PowerShell { get; init; } = [];

    /// <summary>
    /// Files of this computer that guests have in their memory from the start, because they will need them: others
    /// come over a slow network.
    /// </summary>
    public IReadOnlyList<string> GuestFiles { get; init; } = [];

    /// <summary>A folder of PowerShell modules that remote sessions find by name.</summary>
    public string? ModuleFolder { get; init; }

    /// <summary>Host folders whose changes reach the host, from dom0 only: the path there is the same.</summary>
    public IReadOnlyList<string> SharedFolders { get; init; } = [];

    /// <summary>Whether this process's terminal becomes that of dom0.</summary>
    public bool Terminal { get; init; }

    /// <summary>How long the host and its guests may take to start, each.</summary>
    public TimeSpan StartLimit { get; init; } = TimeSpan.FromMinutes(4);

    /// <summary>Takes one line for a person now and then.</summary>
    public Action<string> Say { get; init; } = _ => { };
}
