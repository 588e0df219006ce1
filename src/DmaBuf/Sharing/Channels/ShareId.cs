using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace DmaBuf.Sharing.Channels;

/// <summary>
/// What identifies a share between the two sides of one channel: 16 bits of domain, 16 bits of a counter, and 96 random
/// bits, so that nobody can guess it.
/// </summary>
/// <param name="Value">The 128 bits, the domain in the highest.</param>
public readonly record struct ShareId(UInt128 Value)
{
    /// <summary>The domain of a process outside Xen: DOMID_FIRST_RESERVED of xen/include/public/xen.h.</summary>
    public const ushort NoDomain = 0x7FF0;

    /// <summary>The domain whose buffer it is, or <see cref="NoDomain"/>.</summary>
    public ushort Domain => (ushort)(Value >> 112);

    /// <summary>Parses the form that <see cref="ToString"/> writes.</summary>
    /// <exception cref="FormatException">It is not such a form.</exception>
    public static ShareId Parse(string text) =>
        TryParse(text, out var id)
            ? id
            : throw new FormatException($"'{text}' is not a share's id, such as 0001-002a-0123456789abcdef01234567.");

    /// <summary>Parses the form that <see cref="ToString"/> writes.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out ShareId id)
    {
        var isId = text is { Length: 34 } && text[4] == '-' && text[9] == '-';
        var digits = isId ? string.Concat(text.AsSpan(0, 4), text.AsSpan(5, 4), text.AsSpan(10)) : "";
        isId &= UInt128.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value);
        id = new ShareId(isId ? value : 0);
        return isId;
    }

    /// <summary>The domain, the counter and the random part in hexadecimal.</summary>
    public override string ToString()
    {
        var digits = Value.ToString("x32", CultureInfo.InvariantCulture);
        return $"{digits[..4]}-{digits[4..8]}-{digits[8..]}";
    }
}
