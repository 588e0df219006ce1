using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Guests;
using DmaBuf.Interop;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>A guest's side: which frames a buffer has.</summary>
public sealed class GuestPagesTests
{
    [Theory]
    [InlineData("udmabuf")]
    [InlineData("udmabuf of two ranges")]
    [InlineData("part of a memfd")]
    [InlineData("memfd")]
    [InlineData("huge pages")]
    public void A_buffer_on_memfds_has_as_many_frames_as_pages(string kind)
    {
        Requires.Udmabuf();
        Requires.Root();
        if (kind == "huge pages")
            Requires.HugePages(1);
        OpenDescriptors.StayTheSame(() =>
        {
            using var memfd = MemFdAllocator.Allocate(64 * 4096);
            using var buffer = kind switch
            {
                "udmabuf" => UdmabufAllocator.Allocate(16 * 4096),
                "udmabuf of two ranges" => UdmabufAllocator.Allocate(8 * 4096, 2),
                "part of a memfd" => UdmabufAllocator.FromBuffer(memfd, 4 * 4096, 16 * 4096),
                "memfd" => MemFdAllocator.Allocate(16 * 4096),
                _ => UdmabufAllocator.Allocate(PageSizes.DefaultHuge, 1, new MemFdOptions { HugePages = true }),
            };
            using var export = GuestPagesExport.Create(buffer);
            Assert.Equal((buffer.Size, 4096), (export.Pages.Size, export.Pages.PageSize));
            Assert.All(export.Pages.Ranges, range => Assert.NotEqual(0UL, range.First));
            if (kind == "huge pages")
                Assert.Single(export.Pages.Ranges);
            using var again = GuestPagesExport.Create(buffer);
            Assert.Equal(export.Pages, again.Pages);
        });
    }

    [Fact]
    public void The_frames_of_a_heap_buffer_cannot_be_known()
    {
        Requires.DmaHeap();
        using var buffer = DmaHeapAllocator.Allocate("system", 4096);
        var failure = Assert.Throws<GuestException>(() => GuestPagesExport.Create(buffer));
        Assert.Equal(("Guest,NotOnMemFds", true), (failure.ErrorId, failure.RecommendedAction!.Contains(
            "udmabuf", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_removed_buffer_is_refused()
    {
        var buffer = MemFdAllocator.Allocate(4096);
        buffer.Dispose();
        Assert.Equal("Buffer,Removed", Assert.Throws<BufferException>(
            () => GuestPagesExport.Create(buffer)).ErrorId);
    }

    [Theory]
    [InlineData(4096, new ulong[0], "BadPages")]
    [InlineData(4096, new ulong[] { 1, 0 }, "BadPages")]
    [InlineData(1000, new ulong[] { 1, 1 }, "BadPages")]
    [InlineData(0, new ulong[] { 1, 1 }, "BadPages")]
    [InlineData(4096, new ulong[] { ulong.MaxValue, 1 }, "BadPages")]
    [InlineData(4096, new ulong[] { 1, ulong.MaxValue }, "BadPages")]
    [InlineData(4096, new ulong[] { 1, 0xffffffff }, "BadPages")]
    [InlineData(4096, new ulong[] { 1, 0x40000000, 0x50000000, 0x40000000 }, "BadPages")]
    [InlineData(4096, new ulong[] { 1, 1, 1, 1 }, "FrameTwice")]
    [InlineData(4096, new ulong[] { 8, 4, 2, 7 }, "FrameTwice")]
    public void Ranges_that_are_no_buffer_are_refused(int frameSize, ulong[] numbers, string fault)
    {
        var ranges = numbers.Chunk(2).Select(pair => new FrameRange(pair[0], pair[1])).ToArray();
        var pages = new GuestPages { FrameSize = frameSize, Ranges = ranges };
        Assert.Equal($"Guest,{fault}", Assert.Throws<GuestException>(pages.Check).ErrorId);
    }

    [Fact]
    public void Frames_are_found_in_the_guests_memory_wherever_it_lies()
    {
        using var memory = MemFdAllocator.Allocate(64 * 4096);
        using var table = new GuestMemoryTable();
        // Below a hole: frames 16 to 31; above it, in the same file: 1048576 to 1048607.
        Add(table, memory, 0x10000, 16, 0);
        Add(table, memory, 1UL << 32, 32, 16 * 4096);
        // Neighbours in one region are merged, and the order of the buffer is kept.
        Assert.Equal([(20 * 4096L, 8192L), (0L, 4096L)], Find(table, (1048580, 1), (1048581, 1), (16, 1)));
        foreach (var outside in new ulong[] { 15, 32, 1048575, 1048608 })
        {
            var failure = Assert.Throws<GuestException>(() => Find(table, (16, 1), (outside, 1)));
            Assert.Equal("Guest,OutsideMemory", failure.ErrorId);
            Assert.Contains($"0x{outside:x}", failure.Message, StringComparison.Ordinal);
        }

        // The first frame is inside, the last one is in the hole.
        Assert.Throws<GuestException>(() => Find(table, (31, 2)));
    }

    [Fact]
    public void A_range_that_crosses_regions_is_divided()
    {
        using var memory = MemFdAllocator.Allocate(64 * 4096);
        using var table = new GuestMemoryTable();
        Add(table, memory, 0x10000, 16, 32 * 4096);
        Add(table, memory, 0x20000, 16, 0);
        Assert.Equal([(47 * 4096L, 4096L), (0L, 4096L)], Find(table, (31, 2)));
    }

    [Theory]
    [InlineData(0x10000, 16, 0)]
    [InlineData(0x18000, 1, 0)]
    [InlineData(0x8000, 64, 0)]
    [InlineData(0x100000, 0, 0)]
    [InlineData(0x100001, 1, 0)]
    [InlineData(0x100000, 1, 1)]
    [InlineData(0xfffffffffffff000, 2, 0)]
    [InlineData(0x100000, 1, 0x7ffffffffffff000)]
    public void A_region_that_cannot_be_is_refused(ulong address, ulong pages, ulong offset)
    {
        using var memory = MemFdAllocator.Allocate(64 * 4096);
        using var table = new GuestMemoryTable();
        Add(table, memory, 0x10000, 16, 0);
        Assert.NotNull(TryAdd(table, memory, address, pages, offset));
        Assert.Single(table.Regions);
    }

    [Fact]
    public void Memory_without_seals_is_refused_when_it_is_used()
    {
        using var memory = MemFdAllocator.Allocate(16 * 4096, new MemFdOptions { Seals = MemFdSeals.None });
        using var table = new GuestMemoryTable();
        Add(table, memory, 0, 16, 0);
        var failure = Assert.Throws<GuestException>(() => Find(table, (1, 1)));
        Assert.Equal("Guest,BadMemory", failure.ErrorId);
        Assert.Contains("seal", failure.Message, StringComparison.Ordinal);
    }

    private static GuestPages Pages(params (ulong First, ulong Count)[] ranges) => new()
    {
        FrameSize = 4096,
        Ranges = [.. ranges.Select(range => new FrameRange(range.First, range.Count))],
    };

    private static (long Offset, long Size)[] Find(
        GuestMemoryTable table, params (ulong First, ulong Count)[] ranges)
    {
        using var pieces = table.Find(Pages(ranges));
        return [.. pieces.Ranges.Select(piece => (piece.Offset, piece.Size))];
    }

    private static void Add(GuestMemoryTable table, DmaBuffer memory, ulong address, ulong pages, ulong offset) =>
        Assert.Null(TryAdd(table, memory, address, pages, offset));

    private static string? TryAdd(GuestMemoryTable table, DmaBuffer memory, ulong address, ulong pages, ulong offset)
    {
        var region = new VhostUser.Region { guest_address = address, size = pages * 4096, mmap_offset = offset };
        return table.Add(GuestMemoryFile.RegionOf(region, memory.Use(Fcntl.Duplicate)!));
    }
}
