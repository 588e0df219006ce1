using System.Xml.Linq;

namespace DmaBuf.Build;

/// <summary>
/// Writes text so that Get-Help keeps its blank lines. Get-Help trims every paragraph and list item, and puts a blank
/// line after each paragraph but the last. It shows lists with hanging indentation in descriptions, and not at all
/// elsewhere.
/// </summary>
internal static class MamlText
{
    /// <summary>A line that Get-Help does not trim and a terminal shows as blank: a zero-width space.</summary>
    private const string BlankLine = "\n" + Invisible;

    /// <summary>Keeps Get-Help from trimming the white space next to it.</summary>
    private const string Invisible = "\u200B";

    /// <summary>The description of a cmdlet or parameter.</summary>
    public static XElement Description(IReadOnlyList<HelpBlock> blocks)
    {
        var description = new XElement(Maml.Text + "description");
        for (var i = 0; i < blocks.Count; i++)
        {
            var isLast = i == blocks.Count - 1;
            if (blocks[i] is HelpList list)
                description.Add(List(list, isLast ? string.Empty : BlankLine));
            else if (!isLast && blocks.Skip(i + 1).All(block => block is HelpList))
                description.Add(Paragraph(PlainText(blocks[i]) + BlankLine));
            else
                description.Add(Paragraph(PlainText(blocks[i])));
        }

        return description;
    }

    /// <summary>Text in a place where Get-Help knows only paragraphs.</summary>
    public static IEnumerable<XElement> Paragraphs(IEnumerable<HelpBlock> blocks) =>
        blocks.Select(block => Paragraph(PlainText(block)));

    public static XElement Paragraph(string text) => new(Maml.Text + "para", text);

    /// <summary>A block as lines of text.</summary>
    public static string PlainText(HelpBlock block) => block switch
    {
        HelpParagraph paragraph => paragraph.Text,
        HelpLines lines => KeepIndent(lines.Text),
        HelpList list => string.Join('\n', list.Items.Select((item, i) => (list.Ordered ? $"{i + 1}. " : "- ") + item)),
        _ => throw new ArgumentException($"There is no text for a {block.GetType().Name}.", nameof(block)),
    };

    private static string KeepIndent(string lines) => lines.StartsWith(' ') ? Invisible + lines : lines;

    private static XElement List(HelpList list, string end) => new(
        Maml.Text + "list",
        new XAttribute("class", list.Ordered ? "ordered" : "unordered"),
        list.Items.Select((item, i) => new XElement(
            Maml.Text + "listItem", Paragraph(i == list.Items.Count - 1 ? item + end : item))));
}
