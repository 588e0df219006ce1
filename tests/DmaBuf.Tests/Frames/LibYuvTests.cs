using DmaBuf.Buffers;
using DmaBuf.Frames;
using Xunit;

namespace DmaBuf.Tests;

[Trait("Only", "Host")]
public sealed class LibYuvTests
{
    // Six fractional bits in coefficients up to 2.1: an error of 1/128 for each of 128 steps of two chromas and 255 of
    // luma, and the rounding of both sides.
    private const int Tolerance = 4;

    // Its coefficients are below 2, and that of Cb for blue in BT.709's limited range is 2.112: 0.112 for 128 steps.
    private const int BlueTolerance = 15;

    public static TheoryData<string, ColorEncoding, ColorRange> Ways
    {
        get
        {
            var ways = new TheoryData<string, ColorEncoding, ColorRange>
            {
                { "YUYV", ColorEncoding.Bt601, ColorRange.Limited },
                { "UYVY", ColorEncoding.Bt601, ColorRange.Limited },
                { "RGB3", ColorEncoding.Bt601, ColorRange.Limited },
                { "BGR3", ColorEncoding.Bt601, ColorRange.Limited },
            };
            foreach (var format in new[] { "NV12", "NV21", "YU12", "GREY" })
            {
                foreach (var encoding in Enum.GetValues<ColorEncoding>())
                {
                    foreach (var range in Enum.GetValues<ColorRange>())
                        ways.Add(format, encoding, range);
                }
            }

            return ways;
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Libyuv_has_the_same_colours(string fourCC, ColorEncoding encoding, ColorRange range)
    {
        const int Width = 102;
        const int Height = 60;
        var options = new PictureOptions { Encoding = encoding, Range = range };
        var converter = new PictureConverter(PictureFormat.Create(FourCC.Parse(fourCC), Width, Height, options));
        var bytes = Buffers.Pattern((int)converter.BytesNeeded);
        var ours = new uint[converter.PixelCount];
        converter.ToXrgb(bytes, ours);
        var theirs = LibYuv.Convert(
            bytes, fourCC, Width, Height, encoding == ColorEncoding.Bt709, range == ColorRange.Full);
        Assert.NotNull(theirs);
        var tolerance = fourCC is "RGB3" or "BGR3" ? 0 : Tolerance;
        var isClipped = (encoding, range) == (ColorEncoding.Bt709, ColorRange.Limited) && fourCC != "GREY";
        Assert.InRange(Difference(ours, theirs, 0), 0, isClipped ? BlueTolerance : tolerance);
        Assert.InRange(Difference(ours, theirs, 8), 0, tolerance);
        Assert.InRange(Difference(ours, theirs, 16), 0, tolerance);
    }

    /// <summary>The largest difference in one component.</summary>
    private static int Difference(uint[] ours, uint[] theirs, int shift) =>
        ours.Zip(theirs, (one, other) => Math.Abs((byte)(one >> shift) - (byte)(other >> shift))).Max();
}
