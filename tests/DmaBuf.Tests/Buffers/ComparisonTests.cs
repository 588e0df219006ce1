using DmaBuf.Buffers;
using DmaBuf.Errors;
using Xunit;

namespace DmaBuf.Tests;

public sealed class ComparisonTests
{
    /// <summary>More than one step, and not a multiple of a vector's length.</summary>
    private const int Length = (9 << 20) - 4096 + 13;

    [Fact]
    public void Equal_buffers_have_no_difference()
    {
        using var left = New(Buffers.Pattern(Length));
        using var right = New(Buffers.Pattern(Length));
        var result = new ContentComparer(left).With(right);
        Assert.Equal(new ContentComparison(left.Size, 0, null), result);
        Assert.True(result.IsEqual);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(4 << 20)]
    [InlineData((4 << 20) - 1)]
    [InlineData(Length - 1)]
    public void One_different_byte_is_found_wherever_it_is(int position)
    {
        var content = Buffers.Pattern(Length);
        using var buffer = New(content);
        content[position] ^= 0x80;
        var expected = new ContentComparison(Length, 1, position);
        Assert.Equal(expected, new ContentComparer(buffer).With(content));
        using var other = New(content);
        Assert.Equal(expected, new ContentComparer(buffer).With(other, 0, Length));
        using var folder = new ScratchFolder();
        File.WriteAllBytes(folder.File("content"), content);
        Assert.Equal(expected, new ContentComparer(buffer).WithFile(folder.File("content")));
    }

    [Fact]
    public void All_different_bytes_are_counted()
    {
        var content = Buffers.Pattern(5 << 20);
        using var buffer = New(content);
        var expected = 0;
        for (var i = 100; i < content.Length; i += 1 + (i % 97))
        {
            content[i]++;
            expected++;
        }

        Assert.Equal(new ContentComparison(content.Length, expected, 100), new ContentComparer(buffer).With(content));
    }

    [Fact]
    public void Ranges_are_compared_from_their_offsets_and_for_their_count()
    {
        using var left = New("--abcdX"u8);
        using var right = New("abcdY"u8);
        Assert.Equal(new ContentComparison(4, 0, null), new ContentComparer(left, 2).With(right, 0, 4));
        Assert.Equal(new ContentComparison(5, 1, 4), new ContentComparer(left, 2).With(right, 0, 5));
        Assert.Equal(new ContentComparison(4, 0, null), new ContentComparer(left, 2).With("abcd"u8.ToArray()));
        Assert.Equal(new ContentComparison(0, 0, null), new ContentComparer(left, left.Size).With(right, right.Size));
    }

    [Fact]
    public void A_buffer_is_compared_with_another_part_of_itself()
    {
        using var buffer = New("abcabd"u8);
        Assert.Equal(new ContentComparison(3, 1, 2), new ContentComparer(buffer).With(buffer, 3, 3));
    }

    [Fact]
    public void Bytes_that_only_one_side_has_count_as_different()
    {
        using var small = Buffers.New(PageSizes.Base);
        using var large = Buffers.New(3 * PageSizes.Base);
        var expected = new ContentComparison(large.Size, large.Size - small.Size, small.Size);
        Assert.Equal(expected, new ContentComparer(small).With(large));
        Assert.Equal(expected, new ContentComparer(large).With(small));
        Assert.Equal(expected, new ContentComparer(small).With(new byte[large.Size]));
        Assert.Equal(expected, new ContentComparer(small).WithFile("/dev/zero", large.Size));
    }

    [Fact]
    public void A_file_without_a_length_is_compared_to_its_end_or_for_a_count()
    {
        using var buffer = New(File.ReadAllBytes("/proc/self/comm"));
        Assert.True(new ContentComparer(buffer).WithFile("/proc/self/comm").IsEqual);
        Assert.True(new ContentComparer(buffer).WithFile("/proc/self/comm", 3).IsEqual);
        Assert.Equal(0, new ContentComparer(buffer).WithFile("/dev/null").Count);
    }

    [Fact]
    public void A_range_outside_one_of_the_buffers_is_refused()
    {
        using var small = Buffers.New(PageSizes.Base);
        using var large = Buffers.New(3 * PageSizes.Base);
        var count = small.Size + 1;
        Assert.All<Action>(
            [
                () => new ContentComparer(small, count).With(large),
                () => new ContentComparer(small).With(large, 0, count),
                () => new ContentComparer(large).With(small, 0, count),
                () => new ContentComparer(large).With(small, count),
            ],
            act => Assert.Equal("Buffer,OutOfRange", Assert.Throws<BufferException>(act).ErrorId));
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        using var buffer = Buffers.New(PageSizes.Base);
        var failure = Assert.Throws<KernelException>(() => new ContentComparer(buffer).WithFile("/none/such"));
        Assert.Equal("open,ENOENT", failure.ErrorId);
    }

    [Fact]
    public void Progress_is_reported_and_cancellation_ends_it_between_steps()
    {
        using var cancel = new CancellationTokenSource();
        using var left = New(Buffers.Pattern(Length));
        using var right = New(Buffers.Pattern(Length));
        var told = new List<(long Done, long Total)>();
        new ContentComparer(left, 0, (done, total) => told.Add((done, total))).With(right);
        Assert.Equal([(4 << 20, left.Size), (8 << 20, left.Size), (left.Size, left.Size)], told);
        Assert.Throws<OperationCanceledException>(
            () => new ContentComparer(left, 0, (_, _) => cancel.Cancel(), cancel.Token).With(right));
    }

    private static DmaBuffer New(ReadOnlySpan<byte> content)
    {
        var buffer = Buffers.New((content.Length + PageSizes.Base - 1) / PageSizes.Base * PageSizes.Base);
        new ContentWriter(buffer).Write(content.ToArray());
        return buffer;
    }
}
