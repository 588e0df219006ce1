using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Interop;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>Buffers whose exporters refuse mmap: their content is out of reach, but they can be passed on.</summary>
public sealed class NoAccessTests
{
    [Fact]
    public void An_exporter_that_fails_with_a_kernel_internal_errno_is_explained()
    {
        using var buffer = On(BpfMap.Create());
        AssertNoAccess(buffer, "mmap,ENOTSUPP");
    }

    [Fact]
    public void An_exporter_without_mmap_is_explained()
    {
        using var folder = new ScratchFolder();
        using var buffer = On(Fcntl.Open(folder.File("."), Fcntl.O_RDONLY)!);
        AssertNoAccess(buffer, "mmap,ENODEV");
    }

    [Fact]
    public void Access_to_a_buffer_is_tried_once_and_only_when_needed()
    {
        var calls = new List<string>();
        using (Tracing.KernelTrace.Listen(calls.Add))
        {
            using var buffer = Buffers.New(4096);
            Assert.DoesNotContain(calls, call => call.StartsWith("mmap(", StringComparison.Ordinal));
            Assert.True(buffer.IsCpuAccessible);
            Assert.True(buffer.IsCpuAccessible);
            buffer.OpenView(BufferAccess.Read).Dispose();
            Assert.Single(calls, call => call.StartsWith("mmap(", StringComparison.Ordinal));
            buffer.Dispose();
            Assert.False(buffer.IsCpuAccessible);
        }
    }

    [Fact]
    public void A_buffer_that_must_not_be_mapped_is_not_accessible()
    {
        using var unsealed = MemFdAllocator.Allocate(4096, new MemFdOptions { Seals = MemFdSeals.None });
        Assert.False(unsealed.IsCpuAccessible);
    }

    /// <summary>
    /// Makes a buffer of a descriptor that stands in for a dma-buf's; the tests check the reaction to the kernel's
    /// refusal.
    /// </summary>
    private static DmaBuffer On(FileDescriptor fd) =>
        DmaBuffer.On(new DmaBufBacking(fd, BufferOrigin.Received, new FileSize(4096, 1)));

    private static void AssertNoAccess(DmaBuffer buffer, string id)
    {
        Assert.False(buffer.IsCpuAccessible);
        var failure = Assert.Throws<KernelException>(() => buffer.OpenView(BufferAccess.Read).Dispose());
        Assert.Equal(id, failure.ErrorId);
        Assert.Contains("gives the processor no access", failure.RecommendedAction, StringComparison.Ordinal);
        Assert.Contains("passed on", failure.RecommendedAction, StringComparison.Ordinal);
        Assert.True(buffer.IsOpen);
    }
}
