using DmaBuf.Buffers;
using DmaBuf.Errors;

namespace DmaBuf.Grants;

/// <summary>
/// References to a buffer's pages that one domain granted to another: pure data, which can be shown, stored and sent.
/// One reference stands for 4096 bytes, whatever the kernel's page size, in buffer order. Two are equal if all
/// numbers in them are; <see cref="SharedPages.ShareId"/> does not count.
/// </summary>
public sealed record GrantRefs : SharedPages
{
    /// <summary>The bytes behind one reference: one Xen page.</summary>
    public const int GrantPageSize = 4096;

    /// <summary>The domain whose pages these are.</summary>
    public required ushort Domain { get; init; }

    /// <summary>The domain that may map them.</summary>
    public required ushort PeerDomain { get; init; }

    /// <summary>The bytes behind one reference.</summary>
    public override int PageSize => GrantPageSize;

    /// <summary>How many references there are.</summary>
    public override int Count => Refs.Count;

    /// <summary>The references, in buffer order.</summary>
    public required IReadOnlyList<uint> Refs { get; init; }

    /// <summary>One reference for all, to a chain of pages that list them; null where there is none.</summary>
    public uint? Directory { get; init; }

    /// <summary>
    /// Refuses a kernel whose grant devices use larger pages (drivers/xen/gntdev.c and gntalloc.c count in PAGE_SIZE):
    /// they would share the wrong bytes. Errors: <see cref="BufferException"/> (PageSize).
    /// </summary>
    internal static void CheckKernel()
    {
        if (Environment.SystemPageSize != GrantPageSize)
        {
            throw new BufferException(
                BufferFault.PageSize,
                $"This kernel's pages have {Environment.SystemPageSize} bytes, and its grant devices take no others.",
                $"Boot a kernel with pages of {GrantPageSize} bytes.");
        }
    }

    /// <summary>
    /// The references that a buffer was made from, or that were granted when it was allocated; null for other buffers.
    /// </summary>
    public static GrantRefs? Of(DmaBuffer buffer) => buffer?.Shared as GrantRefs;

    /// <inheritdoc/>
    public bool Equals(GrantRefs? other) => other is not null
        && (Domain, PeerDomain, Directory) == (other.Domain, other.PeerDomain, other.Directory)
        && Refs.SequenceEqual(other.Refs);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Domain, PeerDomain, Count, Count > 0 ? Refs[0] : 0);

    /// <summary>What messages call these references.</summary>
    public override string ToString() =>
        $"{Quantity.Of(Count, "grant reference")} of domain {Domain} for domain {PeerDomain}";
}
