using DmaBuf.Buffers;
using DmaBuf.Errors;

namespace DmaBuf.Frames;

/// <summary>The pixel formats whose pictures can be converted. Frames of any other can only be passed on.</summary>
public static class PixelFormats
{
    private static readonly PixelFormat[] s_all =
    [
        New("YUYV", PixelPacking.Packed422, 1),
        New("UYVY", PixelPacking.Packed422, 0),
        New("YVYU", PixelPacking.Packed422, 3),
        New("VYUY", PixelPacking.Packed422, 2),
        New("NV12", PixelPacking.SemiPlanar420, 0),
        New("NV21", PixelPacking.SemiPlanar420, 1),
        New("YU12", PixelPacking.Planar420, 1),
        New("YV12", PixelPacking.Planar420, 2),
        New("422P", PixelPacking.Planar422, 1),
        New("RGB3", PixelPacking.Rgb24, 0),
        New("BGR3", PixelPacking.Rgb24, 2),
        New("XR24", PixelPacking.Rgb32, 2),
        New("AR24", PixelPacking.Rgb32, 2),
        New("XB24", PixelPacking.Rgb32, 0),
        New("AB24", PixelPacking.Rgb32, 0),
        New("GREY", PixelPacking.Grey, 0),
        // drm_fourcc.h has names of its own for these.
        New("BG24", PixelPacking.Rgb24, 0),
        New("RG24", PixelPacking.Rgb24, 2),
        New("R8", PixelPacking.Grey, 0),
        New("YU16", PixelPacking.Planar422, 1),
        New("YV16", PixelPacking.Planar422, 2),
    ];

    /// <summary>The formats.</summary>
    public static IReadOnlyList<FourCC> Known { get; } = [.. s_all.Select(format => format.FourCC)];

    /// <summary>The format, or null where its pictures cannot be converted.</summary>
    internal static PixelFormat? Find(FourCC format) => Array.Find(s_all, known => known.FourCC == format);

    /// <summary>The format.</summary>
    /// <exception cref="PictureException">UnknownFormat.</exception>
    internal static PixelFormat Get(FourCC format) => Find(format) ?? throw new PictureException(
        PictureFault.UnknownFormat,
        $"Pictures in the pixel format '{format}' cannot be converted.",
        $"The formats that can be are {string.Join(", ", Known)}.");

    /// <summary>The bytes of a picture without padding.</summary>
    /// <exception cref="PictureException">UnknownFormat, BadSize.</exception>
    internal static int SizeOf(FourCC format, int width, int height)
    {
        var pixels = Get(format);
        PictureConverter.CheckSize(width, height);
        return checked((int)pixels.Bytes(height, pixels.RowBytes(0, width)));
    }

    private static PixelFormat New(string characters, PixelPacking packing, int position) =>
        new(FourCC.Parse(characters), packing, position);
}
