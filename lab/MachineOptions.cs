namespace DmaBuf.Lab;

/// <summary>How a machine is made.</summary>
public sealed record MachineOptions
{
    /// <summary>The machine's host name.</summary>
    public string Name { get; init; } = "lab";

    /// <summary>The machine's memory in MiB; what is written to files comes out of it too.</summary>
    public int MemoryMiB { get; init; } = 1024;

    /// <summary>The number of processors.</summary>
    public int Processors { get; init; } = 2;

    /// <summary>The number of huge pages (2 MiB each) set aside.</summary>
    public int HugePages { get; init; } = 8;

    /// <summary>Kernel modules to load at the start.</summary>
    public IReadOnlyList<string> Modules { get; init; } = ["vsock", "vsock_loopback"];

    /// <summary>Host folders whose changes reach the host: the path in the machine is the same.</summary>
    public IReadOnlyList<string> SharedFolders { get; init; } = [];

    /// <summary>Whether this process's terminal becomes the machine's.</summary>
    public bool Terminal { get; init; }

    /// <summary>The hypervisor that the machine's kernel runs on, or null.</summary>
    public XenBoot? Xen { get; init; }

    /// <summary>How long the machine may take to start.</summary>
    public TimeSpan StartLimit { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Takes one line for a person now and then: a download, the accelerator in use.</summary>
    public Action<string> Say { get; init; } = _ => { };
}
