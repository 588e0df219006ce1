using DmaBuf.Buffers;

namespace DmaBuf.Frames;

/// <summary>A pixel format whose pictures can be converted.</summary>
/// <param name="FourCC">Its four characters (linux/videodev2.h, drm/drm_fourcc.h).</param>
/// <param name="Packing">How its components lie in memory.</param>
/// <param name="Position">
/// Where Cb is: the byte of four, the byte of two, or the plane. In RGB formats, the byte where red is.
/// </param>
internal sealed record PixelFormat(FourCC FourCC, PixelPacking Packing, int Position)
{
    /// <summary>The number of planes.</summary>
    public int PlaneCount => Packing switch
    {
        PixelPacking.SemiPlanar420 => 2,
        PixelPacking.Planar420 or PixelPacking.Planar422 => 3,
        _ => 1,
    };

    /// <summary>The bytes of a row of a plane, without padding. Half a chroma byte is a whole one.</summary>
    public long RowBytes(int plane, int width) => Packing switch
    {
        PixelPacking.Rgb24 => 3L * width,
        PixelPacking.Rgb32 => 4L * width,
        PixelPacking.Packed422 => 4 * Half(width),
        PixelPacking.SemiPlanar420 when plane > 0 => 2 * Half(width),
        PixelPacking.Planar420 or PixelPacking.Planar422 when plane > 0 => Half(width),
        _ => width,
    };

    /// <summary>The rows of a plane.</summary>
    public int Rows(int plane, int height) =>
        plane == 0 || Packing == PixelPacking.Planar422 ? height : (int)Half(height);

    /// <summary>The row of chroma that a row of luma goes with, in formats of several planes.</summary>
    public int ChromaRow(int row) => Packing == PixelPacking.Planar422 ? row : row / 2;

    /// <summary>The stride of a plane, given the first plane's.</summary>
    public long Stride(int plane, long first) => plane == 0 ? first : Packing switch
    {
        PixelPacking.SemiPlanar420 => first + (first & 1),
        _ => Half(first),
    };

    /// <summary>The bytes of a picture whose planes follow each other.</summary>
    public long Bytes(int height, long stride)
    {
        var sum = 0L;
        for (var plane = 0; plane < PlaneCount; plane++)
            sum += Rows(plane, height) * Stride(plane, stride);
        return sum;
    }

    private static long Half(long count) => (count + 1) / 2;
}
