using System.Text;
using Markdig;
using Markdig.Extensions.Tables;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace DmaBuf.Build;

/// <summary>Turns Markdown into plain text: Get-Help shows no markup.</summary>
internal static class PageText
{
    private static readonly MarkdownPipeline s_pipeline =
        new MarkdownPipelineBuilder().UseYamlFrontMatter().UsePipeTables().Build();

    public static MarkdownDocument Parse(PageSource source) => Markdown.Parse(source.Text, s_pipeline);

    /// <summary>The text of blocks below a heading.</summary>
    public static List<HelpBlock> Read(IEnumerable<Block> blocks, PageSource source) =>
        [.. blocks.Select(block => Read(block, source))];

    /// <summary>The lines of a code block.</summary>
    public static string Lines(LeafBlock code) => code.Lines.ToString().TrimEnd();

    /// <summary>Inline text without its markup; a line break in the page becomes a space.</summary>
    public static string Plain(ContainerInline? inlines)
    {
        var text = new StringBuilder();
        if (inlines is not null)
            Append(text, inlines);
        return text.ToString().Trim();
    }

    /// <summary>Whether a link leads to another page of this help, for which Get-Help has no address.</summary>
    public static bool IsPage(string? uri) => uri is null || uri.EndsWith(".md", StringComparison.Ordinal);

    private static HelpBlock Read(Block block, PageSource source) => block switch
    {
        ParagraphBlock paragraph => new HelpParagraph(Plain(paragraph.Inline)),
        ListBlock list => new HelpList(list.IsOrdered, [.. list.Select(item => ReadItem((ListItemBlock)item, source))]),
        CodeBlock code => new HelpLines(Lines(code)),
        Table table => new HelpLines(PageTable.Layout(table, cell => ReadCell(cell, source))),
        _ => throw source.Error(
            PageSection.LineOf(block),
            $"expected a paragraph, list, table or code, found a {block.GetType().Name}"),
    };

    private static string ReadItem(ListItemBlock item, PageSource source) =>
        item is [ParagraphBlock paragraph]
            ? Plain(paragraph.Inline)
            : throw source.Error(PageSection.LineOf(item), "a list item must be one paragraph");

    private static string ReadCell(TableCell cell, PageSource source) => cell switch
    {
        [] => string.Empty,
        [ParagraphBlock paragraph] => Plain(paragraph.Inline),
        _ => throw source.Error(PageSection.LineOf(cell), "a table cell must be one line"),
    };

    private static void Append(StringBuilder text, ContainerInline inlines)
    {
        foreach (var inline in inlines)
        {
            switch (inline)
            {
                case LinkInline link:
                    Append(text, link);
                    // An address that is its own text is not repeated.
                    if (!IsPage(link.Url) && !link.IsAutoLink)
                        text.Append($" ({link.Url})");
                    break;
                case ContainerInline container:
                    Append(text, container);
                    break;
                case LiteralInline literal:
                    text.Append(literal.Content.AsSpan());
                    break;
                case CodeInline code:
                    text.Append(code.Content);
                    break;
                case AutolinkInline link:
                    text.Append(link.Url);
                    break;
                case HtmlInline html:
                    // "<name>" in running text is not meant as HTML.
                    text.Append(html.Tag);
                    break;
                case HtmlEntityInline entity:
                    text.Append(entity.Transcoded.AsSpan());
                    break;
                case LineBreakInline lineBreak:
                    text.Append(lineBreak.IsHard ? '\n' : ' ');
                    break;
            }
        }
    }
}
