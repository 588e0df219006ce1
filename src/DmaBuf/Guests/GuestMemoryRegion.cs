using DmaBuf.Interop;

namespace DmaBuf.Guests;

/// <summary>A piece of a guest's physical memory, and where it lies in a file of the host.</summary>
/// <param name="Address">The first guest physical address.</param>
/// <param name="Size">The length in bytes.</param>
/// <param name="Offset">Where the piece starts in the host's file, in bytes.</param>
public sealed record GuestMemoryRegion(ulong Address, ulong Size, ulong Offset)
{
    /// <summary>The host's file, which the table of the guest's memory owns.</summary>
    internal FileDescriptor Memory { get; init; } = null!;

    /// <summary>The address in QEMU's own memory, by which it names a region again.</summary>
    internal ulong UserAddress { get; init; }

    /// <summary>Why udmabuf cannot take the file; null if it can.</summary>
    internal string? Refusal { get; init; }

    /// <summary>The inode number of the host's file.</summary>
    internal ulong Inode { get; init; }

    /// <summary>The first address after the region.</summary>
    internal ulong End => Address + Size;

    /// <summary>The addresses, as messages show them.</summary>
    public override string ToString() => $"0x{Address:x}-0x{End - 1:x}";

    /// <summary>Whether QEMU means the same region. It does not tell the offset of one that it removes.</summary>
    internal bool IsNamedBy(GuestMemoryRegion other) =>
        (Address, Size, UserAddress) == (other.Address, other.Size, other.UserAddress);

    /// <summary>Whether it is the same memory.</summary>
    internal bool IsSame(GuestMemoryRegion other) =>
        IsNamedBy(other) && (Offset, Inode) == (other.Offset, other.Inode);
}
