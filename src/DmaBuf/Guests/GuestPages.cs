using System.Numerics;
using DmaBuf.Buffers;
using DmaBuf.Errors;

namespace DmaBuf.Guests;

/// <summary>
/// The page frames of a KVM guest that a buffer consists of: pure data, which can be shown, sent and stored. Two are
/// equal if all numbers in them are; <see cref="SharedPages.ShareId"/> does not count.
/// </summary>
public sealed record GuestPages : SharedPages
{
    /// <summary>The bytes of one page of the guest's kernel, which frames are counted in.</summary>
    public required int FrameSize { get; init; }

    /// <summary>The frames, in buffer order; neighbours are merged.</summary>
    public required IReadOnlyList<FrameRange> Ranges { get; init; }

    /// <inheritdoc cref="FrameSize"/>
    public override int PageSize => FrameSize;

    /// <summary>How many ranges there are, each of which counts against udmabuf's list_limit on the host.</summary>
    public int RangeCount => Ranges.Count;

    /// <summary>How many frames there are; <see cref="int.MaxValue"/> where there are more than a buffer has.</summary>
    public override int Count
    {
        get
        {
            UInt128 count = 0;
            foreach (var range in Ranges)
                count += range.Count;
            return (int)UInt128.Min(count, int.MaxValue);
        }
    }

    /// <summary>The frames that a buffer was made from; null for other buffers.</summary>
    public static GuestPages? Of(DmaBuffer buffer) => buffer?.Shared as GuestPages;

    /// <summary>Refuses ranges that cannot be a buffer. Nothing is allocated for them.</summary>
    /// <exception cref="GuestException">BadPages, FrameTwice.</exception>
    internal void Check()
    {
        if (FrameSize < 4096 || !BitOperations.IsPow2(FrameSize))
            throw Bad($"The page size is {FrameSize} bytes");
        if (Ranges.Count == 0)
            throw Bad("There are no frames");
        var last = ulong.MaxValue / (ulong)FrameSize;
        foreach (var range in Ranges)
        {
            if (range.Count == 0)
                throw Bad("A range is empty");
            if (range.First > last || range.Count - 1 > last - range.First)
                throw Bad($"A range starts at frame 0x{range.First:x} and has {range.Count} frames");
        }

        if (Count == int.MaxValue)
            throw Bad("There are too many frames");
        CheckDistinct();
    }

    /// <inheritdoc/>
    public bool Equals(GuestPages? other) =>
        other is not null && FrameSize == other.FrameSize && Ranges.SequenceEqual(other.Ranges);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(FrameSize, Count);

    /// <summary>What messages call these pages.</summary>
    public override string ToString() =>
        $"{Quantity.Of(Count, "page")} of a guest in {Quantity.Of(Ranges.Count, "range")}";

    private void CheckDistinct()
    {
        // Numbers alone are sorted much faster than ranges.
        ulong[] firsts = [.. Ranges.Select(range => range.First)];
        ulong[] counts = [.. Ranges.Select(range => range.Count)];
        Array.Sort(firsts, counts);
        for (var i = 1; i < firsts.Length; i++)
        {
            if (firsts[i] - firsts[i - 1] < counts[i - 1])
            {
                throw new GuestException(
                    GuestFault.FrameTwice,
                    $"Frame 0x{firsts[i]:x} occurs twice in {this}.",
                    "Export the buffer again: a buffer has each of its pages once.");
            }
        }
    }

    private static GuestException Bad(string what) =>
        new(GuestFault.BadPages, $"{what}: that is not a buffer of a guest.", "Export the buffer in the guest.");
}
