using DmaBuf.Buffers;

namespace DmaBuf.Frames;

/// <summary>A pixel format that a device captures (struct v4l2_fmtdesc).</summary>
/// <param name="PixelFormat">The format.</param>
/// <param name="Description">The driver's description.</param>
/// <param name="IsCompressed">Whether frames are compressed and differ in size.</param>
/// <param name="IsEmulated">Whether a library converts it from another format.</param>
/// <param name="Sizes">The sizes; none where the driver lists none.</param>
public sealed record VideoFormat(
    FourCC PixelFormat, string Description, bool IsCompressed, bool IsEmulated, IReadOnlyList<VideoSize> Sizes)
{
    /// <summary>The format's four characters.</summary>
    public override string ToString() => PixelFormat.ToString();
}
