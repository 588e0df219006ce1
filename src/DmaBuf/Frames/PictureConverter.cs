using DmaBuf.Buffers;
using DmaBuf.Errors;

namespace DmaBuf.Frames;

/// <summary>
/// Converts pictures of one format to RGB: exact to one step for each component, where chroma is the same for all
/// pixels that have it in common. Converting allocates nothing. Safe to use from several threads.
/// </summary>
public sealed class PictureConverter
{
    /// <summary>The most pixels of a row and the most rows.</summary>
    public const int MaxSide = 32768;

    private readonly PictureLayout _layout;
    private readonly PicturePlane[] _planes;
    private readonly PixelFormat _pixels;
    private readonly YuvEquations _equations;
    private readonly uint[] _greys;

    /// <exception cref="PictureException">UnknownFormat, BadSize, BadPlanes, BadLayout, NotLinear.</exception>
    public PictureConverter(PictureFormat format)
    {
        ArgumentNullException.ThrowIfNull(format);
        _layout = format.Layout;
        CheckSize(_layout.Width, _layout.Height);
        _pixels = PixelFormats.Get(_layout.FourCC);
        CheckLayout(_pixels, _layout);
        _planes = [.. _layout.Planes];
        _equations = new YuvEquations(format.Encoding, format.Range);
        _greys = _pixels.Packing == PixelPacking.Grey ? _equations.Greys() : [];
    }

    /// <summary>The width in pixels.</summary>
    public int Width => _layout.Width;

    /// <summary>The height in pixels.</summary>
    public int Height => _layout.Height;

    /// <summary>The number of pixels.</summary>
    public int PixelCount => Width * Height;

    /// <summary>The bytes that a buffer needs to hold the picture: up to the last pixel's last byte.</summary>
    public long BytesNeeded
    {
        get
        {
            var needed = 0L;
            for (var plane = 0; plane < _planes.Length; plane++)
                needed = Math.Max(needed, _planes[plane].Offset + PlaneBytes(plane));
            return needed;
        }
    }

    /// <summary>
    /// Converts to XRGB8888: each pixel a number of 0xFFRRGGBB, without padding between rows.
    /// </summary>
    /// <param name="picture">The buffer's bytes, from its first on.</param>
    /// <param name="target">At least <see cref="PixelCount"/> pixels.</param>
    /// <exception cref="PictureException">TooSmall: the picture reaches past the end of the bytes.</exception>
    public void ToXrgb(ReadOnlySpan<byte> picture, Span<uint> target)
    {
        CheckFits(picture.Length, "the content");
        Convert(
            Slice(picture, 0),
            _planes.Length > 1 ? Slice(picture, 1) : default,
            _planes.Length > 2 ? Slice(picture, 2) : default,
            target);
    }

    /// <inheritdoc cref="ToXrgb(ReadOnlySpan{byte}, Span{uint})"/>
    /// <param name="buffer">The buffer.</param>
    /// <param name="target">At least <see cref="PixelCount"/> pixels.</param>
    /// <exception cref="BufferException">Removed, NotSealed.</exception>
    /// <exception cref="KernelException">mmap, DMA_BUF_IOCTL_SYNC.</exception>
    public void ToXrgb(DmaBuffer buffer, Span<uint> target)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        CheckFits(buffer.Size, buffer);
        using var view = buffer.OpenView(BufferAccess.Read);
        Convert(
            Slice(view, 0),
            _planes.Length > 1 ? Slice(view, 1) : default,
            _planes.Length > 2 ? Slice(view, 2) : default,
            target);
    }

    /// <summary>
    /// Converts a frame to XRGB8888. Where its planes are in buffers of their own, each begins at the buffer's start.
    /// </summary>
    /// <returns>False if the frame is too short for the picture, such as a damaged one.</returns>
    /// <exception cref="PictureException">BadPlanes.</exception>
    internal bool TryToXrgb(Frame frame, Span<uint> target)
    {
        if (!HasRoom(frame))
            return false;
        if (frame.Planes.Count == 1)
        {
            ToXrgb(frame.Buffer, target);
            return true;
        }

        using var first = frame.Planes[0].OpenView(BufferAccess.Read);
        using var second = frame.Planes[1].OpenView(BufferAccess.Read);
        using var third = frame.Planes[^1].OpenView(BufferAccess.Read);
        Convert(WholePlane(first, 0), WholePlane(second, 1), WholePlane(third, _planes.Length - 1), target);
        return true;
    }

    /// <summary>Copies the planes of a frame, as <see cref="YuvPlanes"/> describes.</summary>
    /// <inheritdoc cref="TryToXrgb"/>
    internal bool TryToPlanes(Frame frame, Span<byte> target)
    {
        if (!HasRoom(frame))
            return false;
        using var first = frame.Planes[0].OpenView(BufferAccess.Read);
        using var second = frame.Planes[Math.Min(1, frame.Planes.Count - 1)].OpenView(BufferAccess.Read);
        using var third = frame.Planes[^1].OpenView(BufferAccess.Read);
        var (one, two) = (Math.Min(1, _planes.Length - 1), _planes.Length - 1);
        if (frame.Planes.Count == 1)
            CopyPlanes(Slice(first, 0), Slice(second, one), Slice(third, two), target);
        else
            CopyPlanes(WholePlane(first, 0), WholePlane(second, one), WholePlane(third, two), target);
        return true;
    }

    /// <summary>Converts XRGB8888 to three bytes for each pixel: red, green, blue.</summary>
    public static void ToRgb24(ReadOnlySpan<uint> pixels, Span<byte> target) => RgbRows.ToRgb24(pixels, target);

    /// <summary>Refuses a buffer that the picture reaches past the end of.</summary>
    /// <exception cref="PictureException">TooSmall.</exception>
    internal void CheckFits(long size, object what)
    {
        if (BytesNeeded <= size)
            return;
        throw new PictureException(
            PictureFault.TooSmall,
            $"A picture of {Width}x{Height} {_layout.FourCC} needs {BytesNeeded} bytes"
            + $"{(_planes[0].Offset > 0 ? $" (it begins at byte {_planes[0].Offset})" : "")}, more than {what} has.",
            "Check width, height, pixel format, offset and stride.");
    }

    /// <summary>Refuses a size that no picture has.</summary>
    /// <exception cref="PictureException">BadSize.</exception>
    internal static void CheckSize(int width, int height)
    {
        if (width is > 0 and <= MaxSide && height is > 0 and <= MaxSide
            && (long)width * height * sizeof(uint) <= Array.MaxLength)
        {
            return;
        }

        throw new PictureException(
            PictureFault.BadSize,
            $"A picture of {width} x {height} pixels is not possible.",
            $"Use a width and a height from 1 to {MaxSide}, and at most {Array.MaxLength / sizeof(uint)} pixels.");
    }

    /// <summary>Refuses planes that a picture of the format cannot have.</summary>
    /// <exception cref="PictureException">BadPlanes, BadLayout, NotLinear.</exception>
    internal static void CheckLayout(PixelFormat pixels, PictureLayout layout)
    {
        if (layout.Modifier != 0)
        {
            throw new PictureException(
                PictureFault.NotLinear,
                $"The picture's pixels do not lie row after row (its modifier is 0x{layout.Modifier:x}).",
                "Have the exporter make a linear picture (DRM_FORMAT_MOD_LINEAR).");
        }

        if (layout.Planes.Count != pixels.PlaneCount)
            throw BadPlanes(pixels, layout.Planes.Count);
        for (var plane = 0; plane < layout.Planes.Count; plane++)
        {
            var (offset, stride) = layout.Planes[plane];
            var row = pixels.RowBytes(plane, layout.Width);
            // Far beyond the end of any buffer, and small enough to add to.
            if (offset is >= 0 and < long.MaxValue / 2 && stride >= row
                && stride * (long)pixels.Rows(plane, layout.Height) <= int.MaxValue)
            {
                continue;
            }

            throw new PictureException(
                PictureFault.BadLayout,
                $"Plane {plane} of a picture of {layout.Width}x{layout.Height} {layout.FourCC} cannot have offset "
                + $"{offset} and stride {stride}.",
                $"Use an offset of 0 or more, and a stride of at least {row} bytes.");
        }
    }

    private static PictureException BadPlanes(PixelFormat pixels, int count) => new(
        PictureFault.BadPlanes,
        $"A picture in {pixels.FourCC} has {Quantity.Of(pixels.PlaneCount, "plane")}, not {count}.",
        "Give the offset and stride of each plane.");

    /// <summary>The bytes of a plane up to its last pixel: the last row needs no padding.</summary>
    private int PlaneBytes(int plane) =>
        ((_pixels.Rows(plane, Height) - 1) * _planes[plane].Stride) + (int)_pixels.RowBytes(plane, Width);

    private ReadOnlySpan<byte> Slice(ReadOnlySpan<byte> picture, int plane) =>
        picture.Slice((int)_planes[plane].Offset, PlaneBytes(plane));

    private ReadOnlySpan<byte> Slice(in BufferView view, int plane) =>
        view.Slice(_planes[plane].Offset, PlaneBytes(plane));

    private ReadOnlySpan<byte> WholePlane(in BufferView view, int plane) => view.Slice(0, PlaneBytes(plane));

    /// <summary>Converts planes that begin at their first pixel.</summary>
    private void Convert(
        ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third, Span<uint> target)
    {
        for (var row = 0; row < Height; row++)
        {
            var output = target.Slice(row * Width, Width);
            var line = Row(first, 0, row);
            var chroma = _pixels.ChromaRow(row);
            switch (_pixels.Packing)
            {
                case PixelPacking.Grey:
                    RgbRows.FromGrey(line, _greys, output);
                    break;
                case PixelPacking.Rgb24:
                    RgbRows.FromRgb24(line, _pixels.Position, output);
                    break;
                case PixelPacking.Rgb32:
                    RgbRows.FromRgb32(line, _pixels.Position, output);
                    break;
                case PixelPacking.Packed422:
                    _equations.Convert(new Packed422Row(line, _pixels.Position), output);
                    break;
                case PixelPacking.SemiPlanar420:
                    _equations.Convert(new SemiPlanarRow(line, Row(second, 1, chroma), _pixels.Position), output);
                    break;
                default:
                    var one = Row(second, 1, chroma);
                    var other = Row(third, 2, chroma);
                    _equations.Convert(
                        _pixels.Position == 1 ? new PlanarRow(line, one, other) : new PlanarRow(line, other, one),
                        output);
                    break;
            }
        }
    }

    private void CopyPlanes(
        ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third, Span<byte> target)
    {
        var (one, two) = (Math.Min(1, _planes.Length - 1), _planes.Length - 1);
        for (var row = 0; row < Height; row++)
        {
            var chroma = _planes.Length > 1 ? _pixels.ChromaRow(row) : row;
            var line = Row(first, 0, row);
            YuvPlanes.CopyRow(
                _pixels, line, Row(second, one, chroma), Row(third, two, chroma), row, (Width, Height), target);
        }
    }

    /// <summary>Whether a frame holds all of the picture.</summary>
    /// <exception cref="PictureException">BadPlanes.</exception>
    private bool HasRoom(Frame frame)
    {
        if (frame.Planes.Count == 1)
            return frame.BytesUsed >= BytesNeeded;
        if (frame.Planes.Count != _planes.Length)
            throw BadPlanes(_pixels, frame.Planes.Count);
        for (var plane = 0; plane < _planes.Length; plane++)
        {
            if (frame.PlaneBytes(plane) < PlaneBytes(plane))
                return false;
        }

        return true;
    }

    private ReadOnlySpan<byte> Row(ReadOnlySpan<byte> plane, int index, int row) =>
        plane.Slice(row * _planes[index].Stride, (int)_pixels.RowBytes(index, Width));
}
