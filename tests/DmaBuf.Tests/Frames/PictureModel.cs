using DmaBuf.Frames;

namespace DmaBuf.Tests;

/// <summary>
/// What a picture's pixels are by definition: the equations of ITU-R BT.601 and BT.709 in double precision, each chroma
/// value used for all pixels that have it in common, and the bytes of each format as linux/videodev2.h describes them.
/// </summary>
internal static class PictureModel
{
    /// <summary>Red, green and blue of luma and chroma, each from 0 to 255.</summary>
    public static (double R, double G, double B) Rgb(
        int y, int u, int v, ColorEncoding encoding, ColorRange range)
    {
        var (kr, kb) = encoding == ColorEncoding.Bt601 ? (0.299, 0.114) : (0.2126, 0.0722);
        var luma = range == ColorRange.Full ? y / 255.0 : (y - 16) / 219.0;
        var scale = range == ColorRange.Full ? 255.0 : 224.0;
        var pb = (u - 128) / scale;
        var pr = (v - 128) / scale;
        var r = luma + (2 * (1 - kr) * pr);
        var b = luma + (2 * (1 - kb) * pb);
        var g = (luma - (kr * r) - (kb * b)) / (1 - kr - kb);
        return (To255(r), To255(g), To255(b));
    }

    /// <summary>The components of one pixel of a picture.</summary>
    public static (double R, double G, double B) Pixel(ReadOnlySpan<byte> bytes, PictureFormat format, int x, int y)
    {
        var planes = format.Layout.Planes;
        switch ($"{format.Layout.FourCC}".TrimEnd())
        {
            case "YUYV":
                return Packed(bytes, 0, 1, 3);
            case "UYVY":
                return Packed(bytes, 1, 0, 2);
            case "YVYU":
                return Packed(bytes, 0, 3, 1);
            case "VYUY":
                return Packed(bytes, 1, 2, 0);
            case "NV12":
                return Yuv(bytes[At(0, x)], bytes[Half(1, 2, 0)], bytes[Half(1, 2, 1)]);
            case "NV21":
                return Yuv(bytes[At(0, x)], bytes[Half(1, 2, 1)], bytes[Half(1, 2, 0)]);
            case "YU12":
                return Yuv(bytes[At(0, x)], bytes[Half(1, 1, 0)], bytes[Half(2, 1, 0)]);
            case "YV12":
                return Yuv(bytes[At(0, x)], bytes[Half(2, 1, 0)], bytes[Half(1, 1, 0)]);
            case "422P" or "YU16":
                return Yuv(bytes[At(0, x)], bytes[At(1, x / 2)], bytes[At(2, x / 2)]);
            case "YV16":
                return Yuv(bytes[At(0, x)], bytes[At(2, x / 2)], bytes[At(1, x / 2)]);
            case "GREY" or "R8":
                return Yuv(bytes[At(0, x)], 128, 128);
            case "RGB3" or "BG24":
                return (bytes[At(0, 3 * x)], bytes[At(0, (3 * x) + 1)], bytes[At(0, (3 * x) + 2)]);
            case "BGR3" or "RG24":
                return (bytes[At(0, (3 * x) + 2)], bytes[At(0, (3 * x) + 1)], bytes[At(0, 3 * x)]);
            case "XR24" or "AR24":
                return (bytes[At(0, (4 * x) + 2)], bytes[At(0, (4 * x) + 1)], bytes[At(0, 4 * x)]);
            case "XB24" or "AB24":
                return (bytes[At(0, 4 * x)], bytes[At(0, (4 * x) + 1)], bytes[At(0, (4 * x) + 2)]);
            default:
                throw new NotSupportedException($"{format.Layout.FourCC}");
        }

        int At(int plane, int column) => (int)planes[plane].Offset + (y * planes[plane].Stride) + column;

        int Half(int plane, int step, int index) =>
            (int)planes[plane].Offset + (y / 2 * planes[plane].Stride) + (x / 2 * step) + index;

        (double, double, double) Packed(ReadOnlySpan<byte> bytes, int luma, int u, int v)
        {
            var pair = At(0, x / 2 * 4);
            return Yuv(bytes[pair + luma + (x % 2 * 2)], bytes[pair + u], bytes[pair + v]);
        }

        (double, double, double) Yuv(int luma, int u, int v) => Rgb(luma, u, v, format.Encoding, format.Range);
    }

    /// <summary>The largest difference, in steps of a component, between pixels and what they should be.</summary>
    public static double Difference(ReadOnlySpan<byte> bytes, PictureFormat format, ReadOnlySpan<uint> pixels)
    {
        var most = 0.0;
        for (var y = 0; y < format.Layout.Height; y++)
        {
            for (var x = 0; x < format.Layout.Width; x++)
            {
                var pixel = pixels[(y * format.Layout.Width) + x];
                most = Math.Max(most, Difference(pixel, Pixel(bytes, format, x, y)));
            }
        }

        return most;
    }

    /// <inheritdoc cref="Difference(ReadOnlySpan{byte}, PictureFormat, ReadOnlySpan{uint})"/>
    public static double Difference(uint pixel, (double R, double G, double B) expected) => Math.Max(
        Math.Abs((byte)(pixel >> 16) - expected.R),
        Math.Max(Math.Abs((byte)(pixel >> 8) - expected.G), Math.Abs((byte)pixel - expected.B)));

    private static double To255(double value) => Math.Clamp(value, 0, 1) * 255;
}
