using System.Diagnostics.CodeAnalysis;
using System.Text;
using DmaBuf.Tracing;

namespace DmaBuf.Buffers;

/// <summary>
/// A pixel format's four characters, such as <c>YUYV</c>, as one little-endian number (linux/videodev2.h,
/// drm/drm_fourcc.h).
/// </summary>
/// <param name="Value">The number.</param>
public readonly record struct FourCC(uint Value)
{
    /// <summary>The format with these characters.</summary>
    /// <exception cref="FormatException">They are not four ASCII characters.</exception>
    public static FourCC Parse(string text) => TryParse(text, out var value)
        ? value
        : throw new FormatException($"'{VisibleText.Of(text)}' is not four ASCII characters, such as YUYV.");

    /// <summary>The format with these characters. Fewer than four are filled up with spaces, as in <c>Y16</c>.</summary>
    /// <returns>False if they are not one to four ASCII characters.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out FourCC value)
    {
        value = default;
        if (text is null or "" || text.Length > 4 || !text.All(c => c is >= ' ' and <= '~'))
            return false;
        var full = text.PadRight(4);
        value = new FourCC((uint)(full[0] | (full[1] << 8) | (full[2] << 16) | (full[3] << 24)));
        return true;
    }

    /// <summary>The four characters.</summary>
    public override string ToString() => VisibleText.Of(
        Encoding.Latin1.GetString([(byte)Value, (byte)(Value >> 8), (byte)(Value >> 16), (byte)(Value >> 24)]));
}
