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
    private const string BigEndianSuffix = "-BE";
    private const uint BigEndian = 1u << 31;

    /// <summary>The format with these characters.</summary>
    /// <exception cref="FormatException">They are not four ASCII characters.</exception>
    public static FourCC Parse(string text) => TryParse(text, out var value)
        ? value
        : throw new FormatException($"'{VisibleText.Of(text)}' is not four ASCII characters, such as YUYV.");

    /// <summary>
    /// The format with these characters. Fewer than four are filled up with spaces, as in <c>Y16</c>; <c>-BE</c> after
    /// them means a big-endian variant (v4l2_fourcc_be), as in <c>Y16-BE</c>.
    /// </summary>
    /// <returns>False if they are not one to four ASCII characters.</returns>
    public static bool TryParse([NotNullWhen(true)] string? text, out FourCC value)
    {
        value = default;
        var isBigEndian = text is not null && text.EndsWith(BigEndianSuffix, StringComparison.Ordinal);
        var name = isBigEndian ? text![..^BigEndianSuffix.Length] : text;
        if (name is null or "" || name.Length > 4 || !name.All(c => c is >= ' ' and <= '~'))
            return false;
        var full = name.PadRight(4);
        var number = (uint)(full[0] | (full[1] << 8) | (full[2] << 16) | (full[3] << 24));
        value = new FourCC(isBigEndian ? number | BigEndian : number);
        return true;
    }

    /// <summary>The characters, without spaces at the end.</summary>
    public override string ToString()
    {
        var number = Value & ~BigEndian;
        var text = Encoding.Latin1.GetString(
            [(byte)number, (byte)(number >> 8), (byte)(number >> 16), (byte)(number >> 24)]);
        return VisibleText.Of(text.TrimEnd(' ')) + (number == Value ? "" : BigEndianSuffix);
    }
}
