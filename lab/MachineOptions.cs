namespace DmaBuf.Lab;

/// <summary>The options of a machine.</summary>
public sealed record MachineOptions
{
    /// <summary>The machine's host name.</summary>
    public string Name { get; init; } = "lab";

    /// <summary>The architecture of the machine's processor.</summary>
    public MachineArchitecture Architecture { get; init; } = MachineArchitecture.OfThisComputer;

    /// <summary>
    /// A kernel that Debian builds beside the usual one, by the suffix of its package's name: "16k" is
    /// linux-image-N-arm64-16k, with pages of 16 KiB. Null for the usual kernel.
    /// </summary>
    public string? KernelVariant { get; init; }

    /// <summary>The machine's memory in MiB, which also holds the files that are written.</summary>
    public int MemoryMiB { get; init; } = 1024;

    /// <summary>
    /// The number of processors. Two emulated ones keep each other waiting: one alone does the same work in less time.
    /// </summary>
    public int Processors { get; init; } = 1;

    /// <summary>The number of huge pages (2 MiB each) set aside.</summary>
    public int HugePages { get; init; } = 8;

    /// <summary>
    /// Kernel modules to load at the start, each with its parameters after it: <c>vivid n_devs=2</c>.
    /// </summary>
    public IReadOnlyList<string> Modules { get; init; } = ["vsock", "vsock_loopback"];

    /// <summary>Folders of the host that the machine can change, under the same paths.</summary>
    public IReadOnlyList<string> SharedFolders { get; init; } = [];

    /// <summary>Whether this process's terminal becomes the machine's.</summary>
    public bool Terminal { get; init; }

    /// <summary>The program that emulates the machine; null for this computer's QEMU.</summary>
    public string? Qemu { get; init; }

    /// <summary>Files that lie over those of this computer, or null.</summary>
    public PackageLayer? Layer { get; init; }

    /// <summary>The hypervisor that the machine's kernel runs on, or null.</summary>
    public XenBoot? Xen { get; init; }

    /// <summary>Whether the machine runs guests on its own KVM.</summary>
    public bool RunsGuests { get; init; }

    /// <summary>How long the machine may take to start.</summary>
    public TimeSpan StartLimit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Receives occasional lines for the user, for example about a download.</summary>
    public Action<string> Say { get; init; } = _ => { };
}
