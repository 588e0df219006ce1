using System.Globalization;
using DmaBuf.Interop;

namespace DmaBuf.Guests;

/// <summary>Finds out what a file of guest memory is, and whether udmabuf can take its pages.</summary>
internal static class GuestMemoryFile
{
    /// <summary>Makes the description of a region in a file, which the region takes over.</summary>
    public static GuestMemoryRegion RegionOf(in VhostUser.Region region, FileDescriptor file)
    {
        var found = Stat.OfDescriptor(file, out var status);
        return new GuestMemoryRegion(region.guest_address, region.size, region.mmap_offset)
        {
            UserAddress = region.user_address,
            Memory = file,
            Inode = found ? status.stx_ino : 0,
            Refusal = Refuse(file, found ? status.stx_size : 0, region),
        };
    }

    /// <summary>
    /// Whether another process has a private mapping of one of the memfds, so that what its guest writes does not reach
    /// the file (share=off). Null where that process cannot be looked at, or maps none of them, because it passes them
    /// on for another one.
    /// </summary>
    public static bool? IsMappedPrivately(int? processId, ulong[] inodes)
    {
        bool? found = null;
        foreach (var line in processId is > 0 ? SysFile.ReadLines($"/proc/{processId}/maps") : [])
        {
            if (IsMapping(line, inodes, out var isPrivate))
                found = found == true || isPrivate;
        }

        return found;
    }

    /// <summary>
    /// A line is: addresses, permissions, offset, device, inode, path. Other files can have equal inode numbers.
    /// </summary>
    private static bool IsMapping(string line, ulong[] inodes, out bool isPrivate)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        isPrivate = words is [_, [_, 'w', _, 'p'], ..];
        return words is [_, _, _, _, var inode, var path, ..]
            && path.StartsWith("/memfd:", StringComparison.Ordinal)
            && ulong.TryParse(inode, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && inodes.Contains(number);
    }

    private static string? Refuse(FileDescriptor file, ulong size, in VhostUser.Region region)
    {
        var seals = Fcntl.GetSeals(file);
        return seals switch
        {
            < 0 => "it is not a memfd",
            _ when (seals & Fcntl.F_SEAL_SHRINK) == 0 => "its memfd is not sealed against shrinking (seal=on)",
            _ when (seals & Fcntl.F_SEAL_WRITE) != 0 => "its memfd is sealed against writing",
            _ when region.mmap_offset > size || region.size > size - region.mmap_offset =>
                "its memfd is shorter than that",
            _ => null,
        };
    }
}
