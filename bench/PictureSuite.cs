using System.Diagnostics;
using System.Runtime.InteropServices;
using DmaBuf.Buffers;
using DmaBuf.Frames;

namespace DmaBuf.Bench;

/// <summary>
/// Measures pictures: the conversion of each format, and PNG files beside zlib's level 1, the C library's, of the same
/// bytes without filters.
/// </summary>
internal static partial class PictureSuite
{
    private const int Width = 1920;
    private const int Height = 1080;

    public static IEnumerable<Row> Run(bool quick)
    {
        var rounds = quick ? 10 : 50;
        foreach (var fourCC in new[] { "YUYV", "UYVY", "YVYU", "NV12", "YU12", "RGB3", "XR24", "GREY" })
            yield return Convert(FourCC.Parse(fourCC), rounds);
        foreach (var (name, frame) in new[] { ("grey noise", Noise(0)), ("noise", Noise(255)), ("bars", Bars()) })
        {
            foreach (var row in Png(name, frame, quick ? 3 : 11))
                yield return row;
        }
    }

    private static Row Convert(FourCC fourCC, int rounds)
    {
        var converter = new PictureConverter(PictureFormat.Create(fourCC, Width, Height, new()));
        var bytes = new byte[converter.BytesNeeded];
        new Random(1).NextBytes(bytes);
        var pixels = new uint[converter.PixelCount];
        var milliseconds = Median(rounds, () => converter.ToXrgb(bytes, pixels));
        var rate = bytes.Length / milliseconds / 1e6;
        return new Row($"picture {fourCC} to XRGB", bytes.Length, rate, 0, "at least 1 GB/s", rate >= 1, "GB/s");
    }

    private static IEnumerable<Row> Png(string name, byte[] frame, int rounds)
    {
        var converter = new PictureConverter(PictureFormat.Create(FourCC.Parse("YUYV"), Width, Height, new()));
        var pixels = new uint[converter.PixelCount];
        var png = new MemoryStream();
        var milliseconds = Median(rounds, () =>
        {
            png.SetLength(0);
            converter.ToXrgb(frame, pixels);
            PngWriter.Write(png, pixels, Width);
        });
        var rows = Rows(pixels);
        var compressed = new byte[rows.Length + (rows.Length / 100) + 1024];
        nuint size = 0;
        var other = Median(rounds, () =>
        {
            size = (nuint)compressed.Length;
            if (compress2(compressed, ref size, rows, (nuint)rows.Length, 1) != 0)
                throw new InvalidOperationException("compress2 failed");
        });
        var bytes = frame.Length;
        // The target is for noise as vivid makes it, which is grey.
        var hasTarget = name == "grey noise";
        yield return new Row(
            $"PNG of {Width}x{Height} {name}", bytes, milliseconds, other, hasTarget ? "at most 150 ms" : "",
            !hasTarget || milliseconds <= 150);
        var most = 1.2 * size;
        yield return new Row(
            $"PNG of {name}: size", bytes, png.Length >> 10, size >> 10, "at most 1.2 of zlib's", png.Length <= most,
            "KiB");
    }

    /// <summary>The rows of a PNG without filters.</summary>
    private static byte[] Rows(uint[] pixels)
    {
        var rows = new byte[((3 * Width) + 1) * Height];
        for (var row = 0; row < Height; row++)
        {
            PictureConverter.ToRgb24(
                pixels.AsSpan(row * Width, Width), rows.AsSpan((row * ((3 * Width) + 1)) + 1, 3 * Width));
        }

        return rows;
    }

    /// <summary>
    /// Noise as vivid makes it, in limited range: grey, or with chroma up to a number from the middle.
    /// </summary>
    private static byte[] Noise(int chroma)
    {
        var random = new Random(1);
        var frame = new byte[Width * Height * 2];
        for (var i = 0; i < frame.Length; i += 2)
        {
            frame[i] = (byte)random.Next(16, 236);
            frame[i + 1] = (byte)Math.Clamp(128 + random.Next(-chroma, chroma + 1), 16, 240);
        }

        return frame;
    }

    private static byte[] Bars()
    {
        var frame = new byte[Width * Height * 2];
        for (var i = 0; i < frame.Length; i += 4)
        {
            var bar = i % (2 * Width) * 8 / (2 * Width);
            (frame[i], frame[i + 1], frame[i + 2], frame[i + 3]) =
                ((byte)(235 - (25 * bar)), (byte)(40 + (25 * bar)), (byte)(235 - (25 * bar)), (byte)(220 - (20 * bar)));
        }

        return frame;
    }

    private static double Median(int rounds, Action action)
    {
        var times = new double[rounds];
        for (var i = -rounds; i < rounds; i++)
        {
            var start = Stopwatch.GetTimestamp();
            action();
            if (i >= 0)
                times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        Array.Sort(times);
        return times[rounds / 2];
    }

    [LibraryImport("libz.so.1")]
    private static partial int compress2(
        Span<byte> target, ref nuint targetLength, ReadOnlySpan<byte> source, nuint sourceLength, int level);
}
