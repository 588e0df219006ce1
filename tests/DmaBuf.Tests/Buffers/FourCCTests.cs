using DmaBuf.Buffers;
using Xunit;

namespace DmaBuf.Tests;

public sealed class FourCCTests
{
    [Theory]
    [InlineData("YUYV", 0x56595559u)]
    [InlineData("Y16", 0x20363159u)]
    [InlineData("Y16-BE", 0xa0363159u)]
    [InlineData("XR15-BE", 0xb5315258u)]
    public void A_format_is_written_and_read_alike(string text, uint value)
    {
        Assert.Equal(value, FourCC.Parse(text).Value);
        Assert.Equal(text, $"{new FourCC(value)}");
    }

    [Theory]
    [InlineData("")]
    [InlineData("-BE")]
    [InlineData("YUYVY")]
    [InlineData("YU\tV")]
    public void Other_text_is_no_format(string text) => Assert.False(FourCC.TryParse(text, out _));
}
