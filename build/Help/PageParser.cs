using Markdig.Extensions.Yaml;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace DmaBuf.Build;

/// <summary>
/// Reads the page of a cmdlet, which is in PlatyPS's format. Fails on a page that breaks the layout, and names the line
/// and the error.
/// </summary>
internal sealed class PageParser
{
    private const string SchemaVersion = "2024-05-01";

    private static readonly string[] s_sections =
    [
        "SYNOPSIS", "SYNTAX", "DESCRIPTION", "EXAMPLES", "PARAMETERS", "INPUTS", "OUTPUTS", "NOTES", "RELATED LINKS",
    ];

    private readonly PageSource _source;

    private PageParser(PageSource source) => _source = source;

    public static HelpPage Parse(string path)
    {
        var source = new PageSource(path, File.ReadAllText(path));
        return new PageParser(source).Parse(PageText.Parse(source));
    }

    private HelpPage Parse(MarkdownDocument document)
    {
        if (document.ElementAtOrDefault(0) is not YamlFrontMatterBlock front
            || document.ElementAtOrDefault(1) is not HeadingBlock { Level: 1 } title)
            throw _source.Error(1, $"expected metadata between two lines '---', then '# {_source.Title}'");
        var metadata = ParseMetadata(front);
        if (PageText.Plain(title.Inline) != _source.Title)
            throw _source.Error(PageSection.LineOf(title), $"the title must be the file's name, {_source.Title}");

        var sections = ReadSections(document.Skip(2));
        var syntax = new SyntaxParser(_source, _source.Title).Parse(sections["SYNTAX"]);
        var parameters = new ParameterParser(_source).Parse(sections["PARAMETERS"]);
        SyntaxCheck.Run(syntax, parameters, _source);
        return new HelpPage
        {
            Name = _source.Title,
            HelpUri = metadata.Text("HelpUri"),
            Synopsis = ReadSynopsis(sections["SYNOPSIS"]),
            Syntax = syntax,
            Description = ReadText(sections["DESCRIPTION"]),
            Examples = ReadExamples(sections["EXAMPLES"]),
            Parameters = parameters,
            Inputs = ReadTypes(sections["INPUTS"]),
            Outputs = ReadTypes(sections["OUTPUTS"]),
            Notes = ReadText(sections["NOTES"]),
            Links = ReadLinks(sections["RELATED LINKS"]),
        };
    }

    private YamlMapping ParseMetadata(YamlFrontMatterBlock front)
    {
        var metadata = PageYaml.Parse(front.Lines.ToString().Split('\n'), 2, _source);
        metadata.RequireKeys(
            "document type", "external help file", "HelpUri", "Locale", "Module Name", "ms.date",
            "PlatyPS schema version", "title");
        Require("document type", "cmdlet");
        Require("external help file", HelpFiles.MamlName);
        Require("Module Name", "DmaBufPS");
        Require("PlatyPS schema version", SchemaVersion);
        Require("title", _source.Title);
        return metadata;

        void Require(string key, string value)
        {
            if (metadata.Text(key) != value)
                throw _source.Error(metadata.LineOf(key), $"'{key}' must be '{value}'");
        }
    }

    private Dictionary<string, PageSection> ReadSections(IEnumerable<Block> blocks)
    {
        var sections = PageSection.Split(blocks, 2, _source);
        for (var i = 0; i < Math.Max(sections.Count, s_sections.Length); i++)
        {
            if (i >= sections.Count)
                throw _source.Error(_source.Text.Count(c => c == '\n'), $"the section '## {s_sections[i]}' is missing");
            if (i >= s_sections.Length)
                throw _source.Error(sections[i].Line, $"'## {s_sections[^1]}' must be the last section");
            if (sections[i].Title != s_sections[i])
                throw _source.Error(sections[i].Line, $"expected '## {s_sections[i]}', found '## {sections[i].Title}'");
        }

        return sections.ToDictionary(section => section.Title);
    }

    private string ReadSynopsis(PageSection section) =>
        section.Blocks is [ParagraphBlock paragraph]
            ? PageText.Plain(paragraph.Inline)
            : throw _source.Error(section.Line, "SYNOPSIS must be one paragraph");

    private List<HelpBlock> ReadText(PageSection section) =>
        section.Blocks.Count > 0
            ? PageText.Read(section.Blocks, _source)
            : throw _source.Error(section.Line, $"'{section.Title}' has no text");

    private List<HelpExample> ReadExamples(PageSection section)
    {
        var examples = PageSection.Split(section.Blocks, 3, _source);
        return examples.Count > 0
            ? [.. examples.Select(ReadExample)]
            : throw _source.Error(section.Line, $"'{section.Title}' has no example");
    }

    private HelpExample ReadExample(PageSection example)
    {
        if (!example.Title.StartsWith("Example ", StringComparison.Ordinal))
            throw _source.Error(example.Line, "expected '### Example N: what it shows'");
        Block[] before = [.. example.Blocks.TakeWhile(block => block is not FencedCodeBlock)];
        if (before.Length == example.Blocks.Count)
            throw _source.Error(example.Line, $"'{example.Title}' has no code");
        return new HelpExample(
            example.Title,
            PageText.Read(before, _source),
            PageText.Lines((FencedCodeBlock)example.Blocks[before.Length]),
            PageText.Read(example.Blocks.Skip(before.Length + 1), _source));
    }

    private List<HelpType> ReadTypes(PageSection section)
    {
        var types = PageSection.Split(section.Blocks, 3, _source);
        return types.Count > 0
            ? [.. types.Select(type => new HelpType(type.Title, ReadText(type)))]
            : throw _source.Error(section.Line, $"{section.Title} names no type; write '### None' where there is none");
    }

    private List<HelpLink> ReadLinks(PageSection section) =>
        section.Blocks is [ListBlock { IsOrdered: false } list]
            ? [.. list.Select(ReadLink)]
            : throw _source.Error(section.Line, $"{section.Title} must be one list of links");

    private HelpLink ReadLink(Block item) =>
        item is ListItemBlock and [ParagraphBlock { Inline: { FirstChild: LinkInline link } line }]
            && line.LastChild == link
            ? new HelpLink(PageText.Plain(link), PageText.IsPage(link.Url) ? string.Empty : link.Url!)
            : throw _source.Error(PageSection.LineOf(item), "a related link must be '- [text](address)'");
}
