namespace DmaBuf.Lab;

/// <summary>The options of a guest of the KVM host.</summary>
public sealed record KvmGuestOptions : GuestOptions
{
    /// <summary>The number of huge pages (2 MiB each) set aside.</summary>
    public int HugePages { get; init; } = 8;

    /// <summary>Further kernel parameters.</summary>
    public string KernelParameters { get; init; } = string.Empty;

    /// <summary>Whether the guest starts with the host. The command <c>vm start</c> starts it at any time.</summary>
    public bool StartsWithHost { get; init; } = true;
}
