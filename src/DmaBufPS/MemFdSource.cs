namespace DmaBufPS;

/// <summary>A memfd as people give it: a descriptor's number, a buffer that stands on a memfd, or its name.</summary>
public sealed class MemFdSource
{
    internal MemFdSource(int number) => Number = number;

    internal MemFdSource(DmaBufferOrName buffer) => Buffer = buffer;

    /// <summary>The number, or null where a buffer was given.</summary>
    public int? Number { get; }

    /// <summary>The buffer, or null where a number was given.</summary>
    public DmaBufferOrName? Buffer { get; }

    /// <inheritdoc/>
    public override string ToString() => Buffer is null ? $"descriptor {Number}" : $"{Buffer}";
}
