using DmaBuf.Tracing;

namespace DmaBuf.Discovery;

/// <summary>One process's hold on one dma-buf, as /proc shows it.</summary>
public sealed record DmaBufHolder
{
    /// <summary>The process.</summary>
    public required int ProcessId { get; init; }

    /// <summary>Whether the process is this one.</summary>
    public bool IsOwn => ProcessId == Environment.ProcessId;

    /// <summary>The name that the process gave itself (/proc/PID/comm), with control characters made visible.</summary>
    public required string ProcessName { get; init => field = VisibleText.Of(value); }

    /// <summary>The user it runs as: a name from /etc/passwd, or the number.</summary>
    public required string User { get; init; }

    /// <summary>The buffer's inode number: the same in every process that holds it.</summary>
    public required ulong Inode { get; init; }

    /// <summary>The size in bytes; for a buffer that is only mapped, that of the mapped part.</summary>
    public required long Size { get; init; }

    /// <summary>The kernel's exp_name; empty for a buffer that is only mapped.</summary>
    public required string Exporter { get; init; }

    /// <summary>The name that a holder gave the buffer, with control characters made visible; or null.</summary>
    public string? Name { get; init => field = value is null ? null : VisibleText.Of(value); }

    /// <summary>The descriptors' numbers in that process; none for a buffer that is only mapped.</summary>
    public required IReadOnlyList<int> Fds { get; init => field = new DescriptorNumbers(value); }

    /// <summary>True if the process has it mapped.</summary>
    public required bool IsMapped { get; init; }
}
