using DmaBuf.Buffers;

namespace DmaBufPS;

/// <summary>A buffer as people give it to a cmdlet: the object, or the name of an open buffer.</summary>
public sealed class DmaBufferOrName
{
    internal DmaBufferOrName(DmaBuffer buffer) => Buffer = buffer;

    internal DmaBufferOrName(string name) => Name = name;

    /// <summary>The buffer, or null where a name was given.</summary>
    public DmaBuffer? Buffer { get; }

    /// <summary>The name as given, or null where a buffer was.</summary>
    public string? Name { get; }

    /// <inheritdoc/>
    public override string ToString() => Name ?? $"{Buffer}";
}
