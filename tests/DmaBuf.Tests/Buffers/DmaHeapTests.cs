using DmaBuf.Buffers;
using DmaBuf.Errors;
using Xunit;

namespace DmaBuf.Tests;

public sealed class DmaHeapTests
{
    [Fact]
    public void A_heap_gives_a_zeroed_named_buffer()
    {
        Requires.DmaHeap();
        using var buffer = DmaHeapAllocator.Allocate("system", 1 << 20, "frame");
        Assert.Equal(
            (1 << 20, "system", "frame", BufferOrigin.DmaHeap),
            (buffer.Size, buffer.Exporter, buffer.Name, buffer.Origin));
        Assert.All(new ContentReader(buffer).ToArray(), b => Assert.Equal(0, b));
        var content = Buffers.Pattern(1 << 20);
        new ContentWriter(buffer).Write(content);
        Assert.Equal(content, new ContentReader(buffer).ToArray());
    }

    [Theory]
    [InlineData("no-such-heap")]
    [InlineData("../null")]
    [InlineData("..")]
    public void A_name_that_is_not_a_heap_is_refused_with_a_list_of_the_heaps(string heap)
    {
        var failure = Assert.Throws<KernelException>(() => DmaHeapAllocator.Allocate(heap, 4096));
        Assert.Equal("open,ENOENT", failure.ErrorId);
        Assert.Contains(
            DmaHeapAllocator.HeapNames().Count > 0 ? "system" : "CONFIG_DMABUF_HEAPS",
            failure.RecommendedAction,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_size_above_the_free_memory_is_refused()
    {
        Requires.DmaHeap();
        Assert.Equal(
            "Buffer,NotEnoughMemory",
            Assert.Throws<BufferException>(() => DmaHeapAllocator.Allocate("system", 1L << 42)).ErrorId);
    }
}
