using DmaBuf.Buffers;
using DmaBuf.Errors;

namespace DmaBuf.Frames;

/// <summary>A picture in a buffer: where its pixels lie, and how to read their colours.</summary>
/// <param name="Layout">Size, pixel format, and each plane's offset and stride.</param>
/// <param name="Encoding">The equations; without effect on RGB formats.</param>
/// <param name="Range">The range of values; without effect on RGB formats.</param>
public sealed record PictureFormat(PictureLayout Layout, ColorEncoding Encoding, ColorRange Range)
{
    private const int HighDefinitionHeight = 720;

    /// <summary>
    /// The picture of a size and format, whose rows have no padding unless the options have a stride.
    /// </summary>
    /// <exception cref="PictureException">UnknownFormat, BadSize, BadLayout.</exception>
    public static PictureFormat Create(FourCC format, int width, int height, PictureOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var pixels = Checked(format, width, height);
        return Create(pixels, width, height, options.Stride ?? pixels.RowBytes(0, width), options);
    }

    /// <summary>
    /// The picture in a stream's frames. The stream does not say where its rows begin: unless the options have a
    /// stride, it is the size of a frame divided by its rows, if that is a whole number.
    /// </summary>
    /// <exception cref="PictureException">
    /// UnknownFormat, BadSize, BadLayout; TooSmall: the frames have no room for the picture.
    /// </exception>
    public static PictureFormat Create(in StreamFormat stream, PictureOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var (width, height) = (stream.Width, stream.Height);
        var pixels = Checked(stream.PixelFormat, width, height);
        var stride = options.Stride ?? DerivedStride(pixels, width, height, stream.SizeImage - options.Offset);
        var picture = Create(pixels, width, height, stride, options);
        new PictureConverter(picture).CheckFits(stream.SizeImage, "a frame");
        return picture;
    }

    /// <summary>The picture that a buffer's metadata describes.</summary>
    public static PictureFormat Create(PictureLayout layout, PictureOptions options)
    {
        ArgumentNullException.ThrowIfNull(layout);
        ArgumentNullException.ThrowIfNull(options);
        return new PictureFormat(layout, options.Encoding ?? DefaultEncoding(layout.Height), options.Range);
    }

    private static PictureFormat Create(
        PixelFormat pixels, int width, int height, long stride, PictureOptions options)
    {
        var planes = new PicturePlane[pixels.PlaneCount];
        var offset = options.Offset;
        for (var plane = 0; plane < planes.Length; plane++)
        {
            planes[plane] = new PicturePlane(offset, (int)pixels.Stride(plane, stride));
            offset += planes[plane].Stride * (long)pixels.Rows(plane, height);
        }

        var layout = new PictureLayout { Width = width, Height = height, FourCC = pixels.FourCC, Planes = planes };
        var picture = Create(layout, options);
        PictureConverter.CheckLayout(pixels, layout);
        return picture;
    }

    private static long DerivedStride(PixelFormat pixels, int width, int height, long size)
    {
        var unpadded = pixels.RowBytes(0, width);
        var rows = pixels.PlaneCount == 1 ? height : height + pixels.Rows(1, height);
        var stride = size / rows;
        return size % rows == 0 && stride >= unpadded && pixels.Bytes(height, stride) <= size ? stride : unpadded;
    }

    private static ColorEncoding DefaultEncoding(int height) =>
        height >= HighDefinitionHeight ? ColorEncoding.Bt709 : ColorEncoding.Bt601;

    private static PixelFormat Checked(FourCC format, int width, int height)
    {
        var pixels = PixelFormats.Get(format);
        PictureConverter.CheckSize(width, height);
        return pixels;
    }
}
