using DmaBuf.Buffers;

namespace DmaBuf.Frames;

/// <summary>
/// Pixel formats whose planes lie in buffers of their own, and the formats that have the same planes one after another
/// in one buffer (linux/videodev2.h; drm/drm_fourcc.h where V4L2 has no such format).
/// </summary>
internal static class PlaneFormats
{
    private static readonly (FourCC Separate, FourCC Contiguous)[] s_pairs =
    [
        .. new[]
        {
            ("NM12", "NV12"), ("NM21", "NV21"), ("NM16", "NV16"), ("NM61", "NV61"), ("YM12", "YU12"), ("YM21", "YV12"),
            ("YM16", "422P"), ("YM61", "YV16"), ("YM24", "YU24"), ("YM42", "YV24"), ("PM12", "P012"),
        }.Select(pair => (FourCC.Parse(pair.Item1), FourCC.Parse(pair.Item2))),
    ];

    /// <summary>The format with the same planes in one buffer; the format itself where it is one.</summary>
    public static FourCC Contiguous(FourCC format)
    {
        foreach (var (separate, contiguous) in s_pairs)
        {
            if (separate == format)
                return contiguous;
        }

        return format;
    }

    /// <summary>The format with the same planes in buffers of their own, or null.</summary>
    public static FourCC? Separate(FourCC format)
    {
        foreach (var (separate, contiguous) in s_pairs)
        {
            if (contiguous == format)
                return separate;
        }

        return null;
    }
}
