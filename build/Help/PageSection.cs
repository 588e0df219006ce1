using Markdig.Syntax;

namespace DmaBuf.Build;

/// <summary>A heading of a page and the blocks below it, up to the next heading of its level.</summary>
internal sealed record PageSection(string Title, int Line, IReadOnlyList<Block> Blocks)
{
    /// <summary>Splits blocks into sections; fails if a block precedes the first heading of the level.</summary>
    public static List<PageSection> Split(IEnumerable<Block> blocks, int level, PageSource source)
    {
        var sections = new List<PageSection>();
        List<Block>? content = null;
        foreach (var block in blocks)
        {
            if (block is HeadingBlock heading && heading.Level == level)
            {
                content = [];
                sections.Add(new PageSection(PageText.Plain(heading.Inline), LineOf(heading), content));
            }
            else if (content is null)
            {
                throw source.Error(LineOf(block), $"expected '{new string('#', level)} ...' before this text");
            }
            else
            {
                content.Add(block);
            }
        }

        return sections;
    }

    /// <summary>The line in which a block starts; lines count from 1.</summary>
    public static int LineOf(MarkdownObject block) => block.Line + 1;
}
