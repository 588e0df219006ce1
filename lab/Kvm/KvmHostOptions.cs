namespace DmaBuf.Lab;

/// <summary>The options of a KVM host.</summary>
public sealed record KvmHostOptions : GuestHostOptions
{
    /// <summary>The guests; the first has the context id 3 on vsock, the next 4.</summary>
    public IReadOnlyList<KvmGuestOptions> Guests { get; init; } = [new() { Name = "vm1" }];

    /// <summary>The host's memory in MiB, besides that of its guests.</summary>
    public int MemoryMiB { get; init; } = 1024;

    /// <summary>The number of the host's huge pages (2 MiB each).</summary>
    public int HugePages { get; init; } = 8;

    /// <summary>
    /// Kernel modules that the host loads in addition to those for its guests, each with its parameters after it.
    /// </summary>
    public IReadOnlyList<string> Modules { get; init; } = [];
}
