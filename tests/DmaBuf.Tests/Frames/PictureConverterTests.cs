using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Frames;
using Xunit;

namespace DmaBuf.Tests;

[Trait("Only", "Host")]
public sealed class PictureConverterTests
{
    // More than the rounding to whole steps, which is half a step, and far less than a wrong equation's.
    private const double Rounding = 0.51;

    public static TheoryData<string> Formats => [.. PixelFormats.Known.Select(format => $"{format}")];

    public static TheoryData<string, ColorEncoding, ColorRange> Ways
    {
        get
        {
            var ways = new TheoryData<string, ColorEncoding, ColorRange>();
            foreach (var format in PixelFormats.Known)
            {
                foreach (var encoding in Enum.GetValues<ColorEncoding>())
                {
                    foreach (var range in Enum.GetValues<ColorRange>())
                        ways.Add($"{format}", encoding, range);
                }
            }

            return ways;
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Pixels_are_those_of_the_equations(string fourCC, ColorEncoding encoding, ColorRange range)
    {
        // Even and odd, shorter and longer than the vectors, with a rest and without.
        foreach (var (width, height) in new[]
        {
            (1, 1), (2, 2), (3, 5), (8, 4), (15, 3), (16, 2), (17, 7), (31, 2), (33, 3), (64, 4), (101, 5),
        })
        {
            foreach (var padding in new[] { 0, 6, 64 })
                Check(fourCC, width, height, padding, new() { Encoding = encoding, Range = range });
        }
    }

    [Theory]
    [InlineData(ColorEncoding.Bt601, ColorRange.Limited)]
    [InlineData(ColorEncoding.Bt601, ColorRange.Full)]
    [InlineData(ColorEncoding.Bt709, ColorRange.Limited)]
    [InlineData(ColorEncoding.Bt709, ColorRange.Full)]
    public void Every_combination_of_luma_and_chroma_is_right(ColorEncoding encoding, ColorRange range)
    {
        // Each row has one Cr, each pair of pixels one Cb and two of the lumas.
        const int Step = 3;
        var format = PictureFormat.Create(
            FourCC.Parse("YUYV"), 512, 256, new() { Encoding = encoding, Range = range });
        var converter = new PictureConverter(format);
        var bytes = new byte[converter.BytesNeeded];
        var pixels = new uint[converter.PixelCount];
        var most = 0.0;
        for (var luma = 0; luma < 256; luma += 2 * Step)
        {
            for (var i = 0; i < bytes.Length; i += 4)
            {
                (bytes[i], bytes[i + 2]) = ((byte)luma, (byte)Math.Min(255, luma + Step));
                (bytes[i + 1], bytes[i + 3]) = ((byte)(i / 4 % 256), (byte)(i / 1024));
            }

            converter.ToXrgb(bytes, pixels);
            most = Math.Max(most, PictureModel.Difference(bytes, format, pixels));
        }

        Assert.InRange(most, 0.4, Rounding);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public void The_last_row_needs_no_padding_and_not_a_byte_less_will_do(string fourCC)
    {
        var format = PictureFormat.Create(FourCC.Parse(fourCC), 7, 5, new() { Stride = 40, Offset = 3 });
        var converter = new PictureConverter(format);
        var bytes = Buffers.Pattern((int)converter.BytesNeeded);
        var pixels = new uint[converter.PixelCount];
        converter.ToXrgb(bytes, pixels);
        Assert.InRange(PictureModel.Difference(bytes, format, pixels), 0, Rounding);
        var failure = Assert.Throws<PictureException>(
            () => converter.ToXrgb(bytes.AsSpan(0, bytes.Length - 1), pixels));
        Assert.Equal("Picture,TooSmall", failure.ErrorId);
        Assert.Contains($"needs {bytes.Length} bytes", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_buffer_too_small_for_its_picture_is_refused_before_anything_is_allocated()
    {
        using var buffer = Buffers.New(65536, "small");
        var format = PictureFormat.Create(FourCC.Parse("YUYV"), 640, 480, new());
        var failure = Assert.Throws<PictureException>(() => Picture.Read(buffer, format));
        Assert.Equal(PictureFault.TooSmall, failure.Fault);
        Assert.Contains(
            "640x480 YUYV needs 614400 bytes, more than ", failure.Message, StringComparison.Ordinal);
        Assert.Contains("'small' of 65536 bytes", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_picture_is_read_from_a_buffer_and_allocates_nothing()
    {
        var format = PictureFormat.Create(FourCC.Parse("NV12"), 320, 240, new() { Stride = 384, Offset = 4096 });
        using var buffer = Buffers.New(256 << 10);
        var bytes = Buffers.Pattern((int)buffer.Size);
        new ContentWriter(buffer, 0).Write(bytes);
        var converter = new PictureConverter(format);
        var pixels = new uint[converter.PixelCount];
        converter.ToXrgb(buffer, pixels);
        Assert.InRange(PictureModel.Difference(bytes, format, pixels), 0, Rounding);
        var allocated = Allocations.Of(() =>
        {
            for (var i = 0; i < 10; i++)
                converter.ToXrgb(buffer, pixels);
        });
        Assert.Equal(0, allocated);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(5, 1)]
    [InlineData(6, 2)]
    [InlineData(7, 3)]
    [InlineData(64, 2)]
    public void Pixels_become_three_bytes_each(int width, int height)
    {
        var pixels = Enumerable.Range(0, width * height).Select(i => 0xFF000000 | ((uint)i * 0x03050B)).ToArray();
        var bytes = new byte[3 * pixels.Length];
        PictureConverter.ToRgb24(pixels, bytes);
        Assert.Equal(pixels.SelectMany(p => new[] { (byte)(p >> 16), (byte)(p >> 8), (byte)p }), bytes);
    }

    private static void Check(string fourCC, int width, int height, int padding, PictureOptions options)
    {
        var unpadded = PictureFormat.Create(FourCC.Parse(fourCC), width, height, options);
        var format = PictureFormat.Create(FourCC.Parse(fourCC), width, height, options with
        {
            Stride = unpadded.Layout.Planes[0].Stride + padding,
            Offset = padding,
        });
        var converter = new PictureConverter(format);
        var bytes = Buffers.Pattern((int)converter.BytesNeeded);
        var pixels = new uint[converter.PixelCount];
        converter.ToXrgb(bytes, pixels);
        var difference = PictureModel.Difference(bytes, format, pixels);
        Assert.True(difference <= Rounding, $"{width}x{height}, padding {padding}: {difference:0.00}");
        Assert.All(pixels, pixel => Assert.Equal(0xFFu, pixel >> 24));
    }
}
