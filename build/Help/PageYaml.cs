using System.Text.RegularExpressions;

namespace DmaBuf.Build;

/// <summary>
/// Reads the YAML that PlatyPS writes into a page: keys whose values are scalars, lists of scalars or lists of
/// mappings.
/// </summary>
internal static partial class PageYaml
{
    /// <summary>Reads lines of a page; <paramref name="firstLine"/> is the number of the first one.</summary>
    public static YamlMapping Parse(IReadOnlyList<string> lines, int firstLine, PageSource source)
    {
        var top = new YamlMapping(firstLine, source);
        YamlValue? list = null;
        for (var i = 0; i < lines.Count; i++)
        {
            var line = firstLine + i;
            var text = lines[i].TrimEnd();
            if (text.Length == 0)
                continue;
            var item = ItemLine().Match(text);
            if (!item.Success)
            {
                list = Add(top, text, line);
                continue;
            }

            if (list is null)
                throw source.Error(line, $"'{text}' does not belong to a list");
            var isMapping = EntryLine().IsMatch(item.Groups["rest"].Value);
            if (item.Groups["dash"].Value == "-" && !isMapping)
            {
                list.Items.Add(Scalar(item.Groups["rest"].Value, line, source));
                continue;
            }

            if (item.Groups["dash"].Value == "-")
                list.Mappings.Add(new YamlMapping(line, source));
            else if (list.Mappings.Count == 0)
                throw source.Error(line, $"'{text.Trim()}' is indented but does not belong to a list item");
            Add(list.Mappings[^1], item.Groups["rest"].Value, line);
        }

        return top;
    }

    /// <summary>Adds a "key: value" line to a mapping. Returns the value if a list may follow.</summary>
    private static YamlValue? Add(YamlMapping mapping, string text, int line)
    {
        var entry = EntryLine().Match(text);
        if (!entry.Success)
            throw mapping.Source.Error(line, $"expected 'key: value', found '{text}'");
        var value = entry.Groups["value"].Value;
        var added = new YamlValue(line, value is "" or "[]" ? null : Scalar(value, line, mapping.Source));
        mapping.Add(entry.Groups["key"].Value, added);
        return value.Length == 0 ? added : null;
    }

    private static string Scalar(string text, int line, PageSource source)
    {
        if (Quoted().Match(text) is { Success: true } quoted)
            return quoted.Groups["text"].Value.Replace("''", "'", StringComparison.Ordinal);
        // PlatyPS writes no double quotes, flow collections, block scalars, anchors, tags or comments.
        return "'\"[]{}|>&*!%@`#".Contains(text[0], StringComparison.Ordinal)
            ? throw source.Error(line, $"'{text}' is neither a plain nor a single-quoted value")
            : text;
    }

    [GeneratedRegex("^(?<dash>-| ) (?<rest>.+)$")]
    private static partial Regex ItemLine();

    [GeneratedRegex(@"^(?<key>[A-Za-z][A-Za-z. ]*):(?: +(?<value>.*))?$")]
    private static partial Regex EntryLine();

    [GeneratedRegex("^'(?<text>(?:[^']|'')*)'$")]
    private static partial Regex Quoted();
}
