using System.Collections.Frozen;
using DmaBuf.Buffers;
using DmaBuf.Errors;

namespace DmaBuf.Frames;

/// <summary>Eight vertical bars: white, yellow, cyan, green, magenta, red, blue and black (BT.601, limited).</summary>
internal static class TestPattern
{
    private const int BarCount = 8;
    private static readonly PatternColor[] s_bars =
    [
        new(255, 255, 255), new(255, 255, 0), new(0, 255, 255), new(0, 255, 0),
        new(255, 0, 255), new(255, 0, 0), new(0, 0, 255), new(0, 0, 0),
    ];

    private static readonly Sample s_luma = new(1, 1, color => [color.Y]);

    private static readonly FrozenDictionary<FourCC, Sample[]> s_formats = new Dictionary<FourCC, Sample[]>
    {
        [FourCC.Parse("YUYV")] = [new(2, 1, color => [color.Y, color.U, color.Y, color.V])],
        [FourCC.Parse("UYVY")] = [new(2, 1, color => [color.U, color.Y, color.V, color.Y])],
        [FourCC.Parse("YVYU")] = [new(2, 1, color => [color.Y, color.V, color.Y, color.U])],
        [FourCC.Parse("NV12")] = [s_luma, new(2, 2, color => [color.U, color.V])],
        [FourCC.Parse("YU12")] = [s_luma, new(2, 2, color => [color.U]), new(2, 2, color => [color.V])],
        [FourCC.Parse("RGB3")] = [new(1, 1, color => [color.R, color.G, color.B])],
        [FourCC.Parse("XR24")] = [new(1, 1, color => [color.B, color.G, color.R, 0])],
        [FourCC.Parse("GREY")] = [s_luma],
    }.ToFrozenDictionary();

    /// <summary>The pixel formats that the pattern can be drawn in.</summary>
    public static IEnumerable<FourCC> Formats => s_formats.Keys;

    /// <summary>After so many pixels the pattern begins anew.</summary>
    public static int Period(int width) => (width + 1) / 2 * 2;

    /// <summary>The planes of a format, and the bytes of a frame.</summary>
    /// <exception cref="PictureException">UnknownFormat.</exception>
    public static (IReadOnlyList<PatternPlane> Planes, int Size) Layout(int width, int height, FourCC format)
    {
        if (!s_formats.TryGetValue(format, out var samples))
        {
            throw new PictureException(PictureFault.UnknownFormat, $"There is no test pattern in {format}.",
                $"Use one of {string.Join(", ", Formats)}.");
        }

        var planes = new List<PatternPlane>();
        var offset = 0;
        foreach (var (pixels, lines, bytesOf) in samples)
        {
            var row = Row(Period(width), pixels, bytesOf);
            var size = bytesOf(default).Length;
            var rowBytes = checked((width + pixels - 1) / pixels * size);
            var rows = (height + lines - 1) / lines;
            planes.Add(new PatternPlane(offset, rowBytes, rows, row, (size, pixels)));
            offset = checked(offset + (rowBytes * rows));
        }

        return (planes, offset);
    }

    private static byte[] Row(int period, int pixels, Func<PatternColor, byte[]> bytesOf)
    {
        var row = new List<byte>();
        for (var x = 0; x < 2 * period; x += pixels)
            row.AddRange(bytesOf(s_bars[x % period * BarCount / period]));
        return [.. row];
    }

    /// <summary>The bytes that a plane has for a block of pixels.</summary>
    private readonly record struct Sample(int Pixels, int Lines, Func<PatternColor, byte[]> BytesOf);
}
