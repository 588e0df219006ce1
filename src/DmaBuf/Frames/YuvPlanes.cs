namespace DmaBuf.Frames;

/// <summary>The planes of a YUV picture one after another, without padding: luma, Cb, Cr.</summary>
internal static class YuvPlanes
{
    /// <summary>The bytes of all planes.</summary>
    public static int Bytes(PixelFormat pixels, int width, int height)
    {
        var (chromaWidth, chromaHeight) = Chroma(pixels, width, height);
        return (width * height) + (2 * chromaWidth * chromaHeight);
    }

    /// <summary>Copies one row of a picture whose row of chroma, if it has one here, is given too.</summary>
    /// <param name="pixels">The pixel format.</param>
    /// <param name="first">The row in the first plane.</param>
    /// <param name="second">The row in the second plane.</param>
    /// <param name="third">The row in the third plane.</param>
    /// <param name="row">The row's number.</param>
    /// <param name="size">The picture's size in pixels.</param>
    /// <param name="target">All planes.</param>
    public static void CopyRow(
        PixelFormat pixels,
        ReadOnlySpan<byte> first,
        ReadOnlySpan<byte> second,
        ReadOnlySpan<byte> third,
        int row,
        (int Width, int Height) size,
        Span<byte> target)
    {
        var (width, height) = size;
        var (chromaWidth, chromaHeight) = Chroma(pixels, width, height);
        var luma = target.Slice(row * width, width);
        var chromaRow = chromaHeight == height ? row : row / 2;
        var u = target.Slice((width * height) + (chromaRow * chromaWidth), chromaWidth);
        var v = target.Slice((width * height) + ((chromaHeight + chromaRow) * chromaWidth), chromaWidth);
        switch (pixels.Packing)
        {
            case PixelPacking.Packed422:
                Pick(first, 1 - (pixels.Position & 1), 2, luma);
                Pick(first, pixels.Position, 4, u);
                Pick(first, pixels.Position ^ 2, 4, v);
                break;
            case PixelPacking.SemiPlanar420:
                first.CopyTo(luma);
                Pick(second, pixels.Position, 2, u);
                Pick(second, 1 - pixels.Position, 2, v);
                break;
            case PixelPacking.Planar420 or PixelPacking.Planar422:
                first.CopyTo(luma);
                (pixels.Position == 1 ? second : third).CopyTo(u);
                (pixels.Position == 1 ? third : second).CopyTo(v);
                break;
            default:
                first.CopyTo(luma);
                break;
        }
    }

    private static (int Width, int Height) Chroma(PixelFormat pixels, int width, int height) => pixels.Packing switch
    {
        PixelPacking.Grey => (0, 0),
        PixelPacking.Packed422 or PixelPacking.Planar422 => ((width + 1) / 2, height),
        _ => ((width + 1) / 2, (height + 1) / 2),
    };

    private static void Pick(ReadOnlySpan<byte> from, int first, int step, Span<byte> target)
    {
        for (var (i, j) = (0, first); i < target.Length; i++, j += step)
            target[i] = from[j];
    }
}
