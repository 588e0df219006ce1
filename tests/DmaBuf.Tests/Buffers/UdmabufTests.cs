using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Tracing;
using Xunit;

namespace DmaBuf.Tests;

public sealed class UdmabufTests
{
    [Fact]
    public void A_buffer_has_the_size_exporter_and_name_that_the_kernel_reports()
    {
        Requires.Udmabuf();
        using var buffer = UdmabufAllocator.Allocate(65536, 1, new MemFdOptions { Name = "camera 0" });
        Assert.Equal(65536, buffer.Size);
        Assert.Equal(65536 / PageSizes.Base, buffer.PageCount);
        Assert.Equal(BufferOrigin.Udmabuf, buffer.Origin);
        Assert.True(buffer.IsDmaBuf);
        Assert.Equal("udmabuf", buffer.Exporter);

        var info = FdInfo.Read("/proc/self", buffer.Fd)!;
        Assert.Equal(("udmabuf", "camera 0", 65536L, buffer.Inode), (info.Exporter, info.Name, info.Size, info.Inode));
    }

    [Fact]
    public void Several_ranges_make_one_buffer_in_order()
    {
        Requires.Udmabuf();
        using var buffer = UdmabufAllocator.Allocate(16384, 4);
        Assert.Equal(65536, buffer.Size);
        var content = Buffers.Pattern(65536);
        new ContentWriter(buffer).Write(content);
        Assert.Equal(content, new ContentReader(buffer).ToArray());
    }

    [Fact]
    public void A_buffer_made_of_a_memfd_shares_its_pages()
    {
        Requires.Udmabuf();
        using var memfd = MemFdAllocator.Allocate(65536);
        using var buffer = UdmabufAllocator.FromMemFd(memfd.Fd, 16384, 32768);
        new ContentWriter(memfd, 16384).Write("seen through both"u8.ToArray());
        Assert.Equal("seen through both", new ContentReader(buffer).ToText(System.Text.Encoding.UTF8));
    }

    [Fact]
    public void A_buffer_made_of_a_buffer_on_a_memfd_shares_its_pages_up_to_the_end()
    {
        Requires.Udmabuf();
        using var memfd = MemFdAllocator.Allocate(65536);
        using var buffer = UdmabufAllocator.FromBuffer(memfd, 16384, null);
        Assert.Equal(49152, buffer.Size);
        new ContentWriter(memfd, 16384).Write("seen through both"u8.ToArray());
        Assert.Equal("seen through both", new ContentReader(buffer).ToText(System.Text.Encoding.UTF8));
        Assert.Equal(
            "Buffer,NotABuffer",
            Assert.Throws<BufferException>(() => UdmabufAllocator.FromBuffer(buffer, 0, null)).ErrorId);
    }

    [Fact]
    public void An_offset_past_the_end_of_a_memfd_and_a_removed_memfd_are_refused()
    {
        var memfd = MemFdAllocator.Allocate(65536);
        Assert.Equal(
            "Buffer,BadOffset",
            Assert.Throws<BufferException>(() => UdmabufAllocator.FromBuffer(memfd, 65536, null)).ErrorId);
        memfd.Dispose();
        Assert.Equal(
            "Buffer,Removed",
            Assert.Throws<BufferException>(() => UdmabufAllocator.FromBuffer(memfd, 0, null)).ErrorId);
    }

    [Fact]
    public void A_memfd_in_the_place_of_ranges_takes_the_same_sizes()
    {
        using var split = MemFdAllocator.AllocateSplit(65536, 4);
        using var ranges = MemFdAllocator.AllocateRanges(16384, 4);
        Assert.Equal((65536, 65536), (split.Size, ranges.Size));
        Assert.Equal(
            "Buffer,BadSize", Assert.Throws<BufferException>(() => MemFdAllocator.AllocateSplit(65536, 3)).ErrorId);
        Assert.Equal(
            "Buffer,NotEnoughMemory",
            Assert.Throws<BufferException>(() => MemFdAllocator.AllocateRanges(1L << 60, int.MaxValue)).ErrorId);
    }

    [Fact]
    public void Huge_pages_make_a_buffer()
    {
        Requires.Udmabuf();
        Requires.HugePages(1);
        using var buffer = UdmabufAllocator.Allocate(PageSizes.DefaultHuge, 1, new MemFdOptions { HugePages = true });
        Assert.Equal(PageSizes.DefaultHuge, buffer.Size);
        var content = Buffers.Pattern((int)buffer.Size);
        new ContentWriter(buffer).Write(content);
        Assert.Equal(content, new ContentReader(buffer).ToArray());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-4096)]
    [InlineData(2048)]
    [InlineData(4097)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    public void A_size_that_is_not_a_positive_multiple_of_the_page_size_is_refused(long size)
    {
        var failure = Assert.Throws<BufferException>(() => UdmabufAllocator.Allocate(size));
        Assert.Equal("Buffer,BadSize", failure.ErrorId);
        Assert.StartsWith("Use ", failure.RecommendedAction, StringComparison.Ordinal);
        Assert.Throws<BufferException>(() => MemFdAllocator.Allocate(size));
        Assert.Throws<BufferException>(() => DmaHeapAllocator.Allocate("system", size));
    }

    [Fact]
    public void A_buffer_over_size_limit_mb_is_refused_with_the_limit_named()
    {
        Requires.Udmabuf();
        var limit = UdmabufAllocator.SizeLimitMegabytes!.Value;
        var failure = Assert.Throws<KernelException>(() => UdmabufAllocator.Allocate((limit << 20) + PageSizes.Base));
        Assert.Equal("UDMABUF_CREATE,EINVAL", failure.ErrorId);
        Assert.Contains("size_limit_mb", failure.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void More_ranges_than_list_limit_are_refused_with_the_limit_named()
    {
        Requires.Udmabuf();
        var limit = (int)UdmabufAllocator.ListLimit!.Value;
        UdmabufAllocator.Allocate(PageSizes.Base, limit).Dispose();
        var failure = Assert.Throws<KernelException>(() => UdmabufAllocator.Allocate(PageSizes.Base, limit + 1));
        Assert.Equal("UDMABUF_CREATE_LIST,EINVAL", failure.ErrorId);
        Assert.Contains("list_limit", failure.RecommendedAction, StringComparison.Ordinal);

        // This would take far more memfds than a process may have open.
        var calls = new List<string>();
        using (KernelTrace.Listen(calls.Add))
            Assert.Equal(
                "UDMABUF_CREATE_LIST,EINVAL",
                Assert.Throws<KernelException>(() => UdmabufAllocator.Allocate(PageSizes.Base, int.MaxValue)).ErrorId);
        Assert.DoesNotContain(calls, call => call.StartsWith("memfd_create", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(65537, 4, "Use 81920 bytes")]
    [InlineData(8192, 4, "Use 16384 bytes")]
    [InlineData(0, 3, "Use 12288 bytes")]
    [InlineData(100, 1, "Use 4096 bytes")]
    public void A_total_that_does_not_split_into_whole_pages_is_refused_with_one_that_does(
        long size, int rangeCount, string cure)
    {
        Assert.SkipUnless(PageSizes.Base == 4096, "needs pages of 4096 bytes");
        var failure = Assert.Throws<BufferException>(() => UdmabufAllocator.AllocateSplit(size, rangeCount));
        Assert.Equal("Buffer,BadSize", failure.ErrorId);
        Assert.StartsWith(cure, failure.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void A_total_that_does_not_split_into_huge_pages_is_refused_with_one_that_does()
    {
        Assert.SkipUnless(PageSizes.DefaultHuge > 0, "needs a kernel with huge pages");
        var failure = Assert.Throws<BufferException>(
            () => UdmabufAllocator.AllocateSplit(65536, 4, new MemFdOptions { HugePages = true }));
        var good = $"Use {4 * PageSizes.DefaultHuge} bytes";
        Assert.StartsWith(good, failure.RecommendedAction, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(MemFdSeals.None, "F_SEAL_SHRINK")]
    [InlineData(MemFdSeals.Shrink | MemFdSeals.Write, "F_SEAL_WRITE")]
    public void Seals_that_the_driver_does_not_accept_are_named(MemFdSeals seals, string named)
    {
        Requires.Udmabuf();
        var failure = Assert.Throws<KernelException>(
            () => UdmabufAllocator.Allocate(4096, 1, new MemFdOptions { Seals = seals }));
        Assert.Equal("UDMABUF_CREATE,EINVAL", failure.ErrorId);
        Assert.Contains(named, failure.RecommendedAction, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2048)]
    [InlineData(-4096)]
    public void An_offset_inside_a_page_is_refused(long offset)
    {
        using var memfd = MemFdAllocator.Allocate(65536);
        Assert.Equal(
            "Buffer,BadOffset",
            Assert.Throws<BufferException>(() => UdmabufAllocator.FromMemFd(memfd.Fd, offset, 4096)).ErrorId);
    }

    [Fact]
    public void A_range_past_the_end_of_the_memfd_is_refused()
    {
        Requires.Udmabuf();
        using var memfd = MemFdAllocator.Allocate(65536);
        Assert.Equal(
            "UDMABUF_CREATE,EINVAL",
            Assert.Throws<KernelException>(() => UdmabufAllocator.FromMemFd(memfd.Fd, 61440, 8192)).ErrorId);
    }

    [Fact]
    public void A_descriptor_that_is_not_a_memfd_is_refused()
    {
        using var file = File.OpenHandle("/etc/passwd");
        Assert.Equal(
            "Buffer,NotABuffer",
            Assert.Throws<BufferException>(
                () => UdmabufAllocator.FromMemFd((int)file.DangerousGetHandle(), 0, 4096)).ErrorId);
        Assert.Equal(
            "fcntl,EBADF", Assert.Throws<KernelException>(() => UdmabufAllocator.FromMemFd(999999, 0, 4096)).ErrorId);
    }

    [Fact]
    public void Running_out_of_descriptors_is_not_reported_as_a_missing_memfd()
    {
        using var memfd = MemFdAllocator.Allocate(4096);
        KernelException failure;
        using (new DescriptorLimit())
            failure = Assert.Throws<KernelException>(() => UdmabufAllocator.FromMemFd(memfd.Fd, 0, 4096));
        Assert.Equal("fcntl,EMFILE", failure.ErrorId);
        Assert.Contains("ulimit -n", failure.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_device_is_reported_with_advice()
    {
        Assert.SkipWhen(File.Exists(Udmabuf.DEVICE), "needs a machine without /dev/udmabuf");
        var failure = Assert.Throws<KernelException>(() => UdmabufAllocator.Allocate(4096));
        Assert.Equal("open,ENOENT", failure.ErrorId);
        Assert.Contains("udmabuf", failure.RecommendedAction, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("a name of more than thirty-one bytes")]
    [InlineData("with\0NUL")]
    public void A_name_that_the_kernel_does_not_accept_is_refused(string name)
    {
        Assert.Equal(
            "Buffer,BadName",
            Assert.Throws<BufferException>(
                () => MemFdAllocator.Allocate(4096, new MemFdOptions { Name = name })).ErrorId);
        Assert.Equal(
            "Buffer,BadName",
            Assert.Throws<BufferException>(
                () => UdmabufAllocator.Allocate(4096, 1, new MemFdOptions { Name = name })).ErrorId);
    }

    [Theory]
    [InlineData(1L << 50)]
    [InlineData(long.MaxValue - 4095)]
    public void A_memfd_above_the_free_memory_is_refused_before_the_kernel_allocates_pages(long size) =>
        Assert.Contains(
            Assert.ThrowsAny<DmaBufException>(() => MemFdAllocator.Allocate(size)).ErrorId,
            new[] { "Buffer,NotEnoughMemory", "ftruncate,EFBIG", "ftruncate,EINVAL" });

    [Fact]
    public void Creating_buffers_leaks_no_descriptor_even_on_failure()
    {
        OpenDescriptors.StayTheSame(() =>
        {
            using (var buffer = Buffers.New(65536, "leak"))
                new ContentWriter(buffer).Fill(new byte[] { 1 });
            Assert.ThrowsAny<DmaBufException>(() => UdmabufAllocator.Allocate(1L << 40));
            Assert.ThrowsAny<DmaBufException>(() => UdmabufAllocator.Allocate(4096, 2000));
            Assert.ThrowsAny<DmaBufException>(
                () => UdmabufAllocator.Allocate(4096, 1, new MemFdOptions { Seals = MemFdSeals.None }));
            Assert.ThrowsAny<DmaBufException>(() => MemFdAllocator.Allocate(1L << 60));
            Assert.ThrowsAny<DmaBufException>(() => DmaHeapAllocator.Allocate("no-such-heap", 4096));
        });
    }
}
