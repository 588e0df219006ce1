namespace DmaBuf;

/// <summary>
/// References to a buffer's pages that one domain granted to another: pure data, which can be shown, stored and sent.
/// One reference stands for 4096 bytes, whatever the kernel's page size, in buffer order.
/// </summary>
public sealed record GrantRefs
{
    /// <summary>The bytes behind one reference: a page of Xen.</summary>
    public const int GrantPageSize = 4096;

    /// <summary>The domain whose pages these are.</summary>
    public required ushort Domain { get; init; }

    /// <summary>The domain that may map them.</summary>
    public required ushort PeerDomain { get; init; }

    /// <summary>The bytes behind one reference.</summary>
    public int PageSize { get; } = GrantPageSize;

    /// <summary>How many references there are.</summary>
    public int Count => Refs.Count;

    /// <summary>The references, in buffer order.</summary>
    public required IReadOnlyList<uint> Refs { get; init; }

    /// <summary>The buffer's size in bytes.</summary>
    public long Size => (long)Count * GrantPageSize;

    /// <summary>One reference that stands for all, to a chain of pages that list them; null where there is none.</summary>
    public uint? Directory { get; init; }

    /// <summary>What a message calls these references.</summary>
    public override string ToString() => $"{Count} grant references of domain {Domain} for domain {PeerDomain}";
}
