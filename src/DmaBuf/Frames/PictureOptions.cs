namespace DmaBuf.Frames;

/// <summary>What neither a stream nor a buffer says about its pictures. What is not given has a default.</summary>
public sealed record PictureOptions
{
    /// <summary>The bytes from one row of the first plane to the next; derived or unpadded by default.</summary>
    public int? Stride { get; init; }

    /// <summary>The picture's first byte. The other planes follow the first.</summary>
    public long Offset { get; init; }

    /// <summary>The equations; BT.601 by default, and BT.709 from 720 rows on.</summary>
    public ColorEncoding? Encoding { get; init; }

    /// <summary>The range of values; limited by default.</summary>
    public ColorRange Range { get; init; } = ColorRange.Limited;
}
