namespace DmaBuf.Buffers;

/// <summary>How the memfds under a buffer are made.</summary>
public sealed record MemFdOptions
{
    /// <summary>The buffer's name: at most 31 bytes of UTF-8, or null for none.</summary>
    public string? Name { get; init; }

    /// <summary>Uses huge pages of the system's default size (MFD_HUGETLB); sizes must be multiples of it.</summary>
    public bool HugePages { get; init; }

    /// <summary>The seals that each memfd gets once it has its size.</summary>
    public MemFdSeals Seals { get; init; } = MemFdSeals.Shrink;
}
