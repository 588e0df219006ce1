using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Guests;

/// <summary>
/// Where a guest's physical memory lies in files of the host. It owns the files. For one thread at a time.
/// </summary>
internal sealed class GuestMemoryTable : IDisposable
{
    /// <summary>As many as KVM has by default (KVM_USER_MEM_SLOTS on x86, less three of its own).</summary>
    public const int MostRegions = 509;

    private readonly List<GuestMemoryRegion> _regions;

    public GuestMemoryTable()
        : this([])
    {
    }

    /// <summary>Takes over the files of a table's copy.</summary>
    public GuestMemoryTable(List<GuestMemoryRegion> copy) => _regions = copy;

    /// <summary>The regions, by address.</summary>
    public IReadOnlyList<GuestMemoryRegion> Regions => _regions;

    /// <summary>Adds a region, whose file the table takes over.</summary>
    /// <returns>Why it cannot be one, or null.</returns>
    public string? Add(GuestMemoryRegion region)
    {
        var reason = Refuse(region);
        if (reason is not null)
        {
            region.Memory.Dispose();
            return reason;
        }

        var at = _regions.FindIndex(other => other.Address > region.Address);
        _regions.Insert(at < 0 ? _regions.Count : at, region);
        return null;
    }

    /// <summary>Removes a region.</summary>
    /// <returns>False where there is no such region.</returns>
    public bool Remove(GuestMemoryRegion region)
    {
        var at = _regions.FindIndex(region.IsNamedBy);
        if (at < 0)
            return false;
        _regions[at].Memory.Dispose();
        _regions.RemoveAt(at);
        return true;
    }

    /// <summary>The regions with descriptors of their own, which the caller owns.</summary>
    /// <exception cref="KernelException">fcntl: EMFILE.</exception>
    public List<GuestMemoryRegion> Copy()
    {
        var copies = new List<GuestMemoryRegion>();
        try
        {
            foreach (var region in _regions)
            {
                copies.Add(region with
                {
                    Memory = Fcntl.Duplicate(region.Memory)
                        ?? throw new KernelException("fcntl", Errno.Last, $"the guest's memory at {region}"),
                });
            }

            return copies;
        }
        catch
        {
            copies.ForEach(copy => copy.Memory.Dispose());
            throw;
        }
    }

    /// <summary>Whether a region is still what it was.</summary>
    public bool Has(GuestMemoryRegion region) => _regions.Exists(region.IsSame);

    /// <summary>Removes all regions.</summary>
    public void Clear()
    {
        _regions.ForEach(region => region.Memory.Dispose());
        _regions.Clear();
    }

    /// <inheritdoc cref="Clear"/>
    public void Dispose() => Clear();

    /// <summary>
    /// Finds frames in the host's files. Neighbours are merged; frames that cross regions are divided.
    /// </summary>
    /// <exception cref="GuestException">BadPages, FrameTwice, OutsideMemory, BadMemory.</exception>
    /// <exception cref="KernelException">fcntl: EMFILE.</exception>
    public GuestMemoryPieces Find(GuestPages pages)
    {
        pages.Check();
        var pieces = new List<(int Region, long Offset, long Size)>(pages.RangeCount);
        foreach (var range in pages.Ranges)
            Find(range, (ulong)pages.FrameSize, pieces);

        var copies = new FileDescriptor?[_regions.Count];
        try
        {
            var ranges = pieces.ConvertAll(
                piece => new MemFdRange(CopyOf(piece.Region, copies), piece.Offset, piece.Size));
            return new GuestMemoryPieces(ranges, [.. _regions.Where((_, region) => copies[region] is not null)]);
        }
        catch
        {
            foreach (var copy in copies)
                copy?.Dispose();
            throw;
        }
    }

    private void Find(FrameRange range, ulong frameSize, List<(int Region, long Offset, long Size)> pieces)
    {
        var address = range.First * frameSize;
        var left = range.Count * frameSize;
        while (left > 0)
        {
            var at = IndexOf(address);
            if (at < 0)
                throw Outside(range, frameSize);
            var region = _regions[at];
            if (region.Refusal is { } refusal)
            {
                throw new GuestException(
                    GuestFault.BadMemory,
                    $"The guest's memory at {region} cannot be shared: {refusal}.",
                    "Give QEMU its memory as -object memory-backend-memfd,share=on.");
            }

            var size = Math.Min(left, region.End - address);
            Add(pieces, at, (long)(region.Offset + (address - region.Address)), (long)size);
            address += size;
            left -= size;
        }
    }

    private static void Add(
        List<(int Region, long Offset, long Size)> pieces, int region, long offset, long size)
    {
        if (pieces.Count > 0 && pieces[^1] is var last && last.Region == region && last.Offset + last.Size == offset)
            pieces[^1] = last with { Size = last.Size + size };
        else
            pieces.Add((region, offset, size));
    }

    private FileDescriptor CopyOf(int region, FileDescriptor?[] copies) =>
        copies[region] ??= Fcntl.Duplicate(_regions[region].Memory)
            ?? throw new KernelException("fcntl", Errno.Last, $"the guest's memory at {_regions[region]}");

    /// <summary>The region that an address lies in, or -1.</summary>
    private int IndexOf(ulong address)
    {
        var (low, high) = (0, _regions.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var region = _regions[middle];
            if (address < region.Address)
                high = middle - 1;
            else if (address - region.Address >= region.Size)
                low = middle + 1;
            else
                return middle;
        }

        return -1;
    }

    private string? Refuse(GuestMemoryRegion region)
    {
        var page = (ulong)Environment.SystemPageSize;
        if (_regions.Count == MostRegions)
            return $"there are more than {MostRegions} regions";
        if (region.Size == 0 || region.Address % page != 0 || region.Size % page != 0 || region.Offset % page != 0)
            return $"the region at 0x{region.Address:x} is not whole pages";
        if (region.Size > long.MaxValue || region.Address > ulong.MaxValue - region.Size
            || region.Offset > long.MaxValue - region.Size)
        {
            return $"the region at 0x{region.Address:x} is too large";
        }

        return _regions.Exists(other => region.Address < other.End && other.Address < region.End)
            ? $"the region at 0x{region.Address:x} overlaps another"
            : null;
    }

    private GuestException Outside(FrameRange range, ulong frameSize) => new(
        GuestFault.OutsideMemory,
        $"Frames {range} of {frameSize} bytes are not in the guest's memory"
        + $" ({(_regions.Count == 0 ? "none" : string.Join(", ", _regions))}).",
        "Check that the pages are this guest's own, and export the buffer again.");
}
