namespace DmaBuf.Buffers;

/// <summary>Where one plane of a picture lies in a buffer.</summary>
/// <param name="Offset">Its first byte.</param>
/// <param name="Stride">The bytes from one row to the next.</param>
public readonly record struct PicturePlane(long Offset, int Stride);

/// <summary>The picture in a buffer, as drm_fourcc.h describes it.</summary>
public sealed record PictureLayout
{
    /// <summary>The most planes that a picture has.</summary>
    public const int MaxPlanes = 4;

    /// <summary>The picture's width in pixels.</summary>
    public required int Width { get; init; }

    /// <summary>The picture's height in pixels.</summary>
    public required int Height { get; init; }

    /// <summary>The pixel format, such as <c>XR24</c> (drm_fourcc.h).</summary>
    public required FourCC FourCC { get; init; }

    /// <summary>How the pixels are laid out in memory; 0 is row after row (DRM_FORMAT_MOD_LINEAR).</summary>
    public ulong Modifier { get; init; }

    /// <summary>The planes, one to four.</summary>
    public required IReadOnlyList<PicturePlane> Planes { get; init; }

    /// <inheritdoc/>
    public bool Equals(PictureLayout? other) => other is not null
        && (Width, Height, FourCC, Modifier) == (other.Width, other.Height, other.FourCC, other.Modifier)
        && Planes.SequenceEqual(other.Planes);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Width, Height, FourCC, Modifier, Planes.Count);

    /// <summary>Size, format and number of planes.</summary>
    public override string ToString() => $"{Width}x{Height} {FourCC}, {Planes.Count} plane(s)";

    /// <summary>What is wrong with it for a buffer of this size, or null.</summary>
    internal string? ProblemIn(long size)
    {
        if (Width <= 0 || Height <= 0)
            return $"A picture of {Width} x {Height} pixels is not possible.";
        if (Planes.Count is 0 or > MaxPlanes)
            return $"A picture has 1 to {MaxPlanes} planes, not {Planes.Count}.";
        for (var i = 0; i < Planes.Count; i++)
        {
            var (offset, stride) = Planes[i];
            // The first plane has all rows; how many the others have depends on the format.
            var rows = i == 0 ? Height : 1;
            if (offset < 0 || stride <= 0 || offset > size || (long)stride * rows > size - offset)
                return $"Plane {i} (offset {offset}, stride {stride}) is not inside the buffer of {size} bytes.";
        }

        return null;
    }
}
