using System.Buffers;
using System.Globalization;
using System.Text;

namespace DmaBuf.Tracing;

/// <summary>
/// Text for people to read. Another process, domain or guest may have chosen parts of it, so every character that could
/// steer a terminal, reorder what is shown or hide in it becomes an escape sequence: <c>\x1b</c>, <c>\u202e</c>.
/// </summary>
public static class VisibleText
{
    private static readonly SearchValues<char> s_plain =
        SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(code => (char)code)]);

    /// <summary>The text on one line. Text without anything to escape is returned unchanged.</summary>
    public static string Of(string text) => Of(text, keepLineFeeds: false);

    /// <summary>The text with its line feeds kept.</summary>
    public static string OfLines(string text) => Of(text, keepLineFeeds: true);

    private static string Of(string text, bool keepLineFeeds)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.AsSpan().ContainsAnyExcept(s_plain))
            return text;

        var visible = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
        {
            if (!IsHidden(rune) || (keepLineFeeds && rune.Value == '\n'))
                visible.Append(rune);
            else
                visible.Append(Escape(rune));
        }

        return visible.ToString();
    }

    private static bool IsHidden(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control
        or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    private static string Escape(Rune rune) => rune.Value switch
    {
        <= 0xff => $"\\x{rune.Value:x2}",
        <= 0xffff => $"\\u{rune.Value:x4}",
        _ => $"\\U{rune.Value:x8}",
    };
}
