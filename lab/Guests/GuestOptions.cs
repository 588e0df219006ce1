namespace DmaBuf.Lab;

/// <summary>The options that the guests of all hosts have.</summary>
public abstract record GuestOptions
{
    /// <summary>The guest's name, which is also its host name.</summary>
    public required string Name { get; init; }

    /// <summary>
    /// The memory in MiB, which also holds the files that are written and <see cref="GuestHostOptions.GuestFiles"/>.
    /// </summary>
    public int MemoryMiB { get; init; } = 512;

    /// <summary>The number of processors.</summary>
    public int Processors { get; init; } = 1;
}
