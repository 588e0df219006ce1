using System.Xml.Linq;

namespace DmaBuf.Build;

/// <summary>Writes pages as MAML, the XML that Get-Help reads.</summary>
internal static class MamlWriter
{
    public static XDocument Write(IEnumerable<HelpPage> pages) => new(
        new XElement(
            Maml.Root + "helpItems",
            new XAttribute("schema", "maml"),
            new XAttribute(XNamespace.Xmlns + "maml", Maml.Text),
            new XAttribute(XNamespace.Xmlns + "command", Maml.Command),
            new XAttribute(XNamespace.Xmlns + "dev", Maml.Dev),
            pages.Select(Command)));

    private static XElement Command(HelpPage page) => new(
        Maml.Command + "command",
        Details(page),
        MamlText.Description(page.Description),
        new XElement(Maml.Command + "syntax", page.Syntax.Select(set => Syntax(page, set))),
        new XElement(Maml.Command + "parameters", page.Parameters.Select(parameter => Parameter(page, parameter))),
        new XElement(Maml.Command + "inputTypes", page.Inputs.Select(type => Value("inputType", type))),
        new XElement(Maml.Command + "returnValues", page.Outputs.Select(type => Value("returnValue", type))),
        new XElement(Maml.Text + "alertSet", new XElement(Maml.Text + "alert", MamlText.Paragraphs(page.Notes))),
        new XElement(Maml.Command + "examples", page.Examples.Select(Example)),
        new XElement(Maml.Command + "relatedLinks", Links(page)));

    private static XElement Details(HelpPage page)
    {
        var words = page.Name.Split('-');
        return new XElement(
            Maml.Command + "details",
            new XElement(Maml.Command + "name", page.Name),
            new XElement(Maml.Text + "description", MamlText.Paragraph(page.Synopsis)),
            new XElement(Maml.Command + "verb", words[0]),
            new XElement(Maml.Command + "noun", words[1]));
    }

    private static XElement Syntax(HelpPage page, HelpSyntax set) => new(
        Maml.Command + "syntaxItem",
        new XElement(Maml.Text + "name", page.Name),
        set.Parameters.Select(shown => SyntaxParameter(
            shown, page.Parameters.Single(parameter => parameter.Name == shown.Name), set.Set)));

    private static XElement SyntaxParameter(HelpSyntaxParameter shown, HelpParameter parameter, string set)
    {
        var place = parameter.In(set)!;
        return new XElement(
            Maml.Command + "parameter",
            Attributes(parameter, [place]),
            new XElement(Maml.Text + "name", parameter.Name),
            AcceptedValues(parameter),
            ParameterValue(shown),
            Type(parameter.Type));
    }

    private static XElement Parameter(HelpPage page, HelpParameter parameter)
    {
        var shown = page.Syntax
            .SelectMany(set => set.Parameters)
            .First(candidate => candidate.Name == parameter.Name);
        return new XElement(
            Maml.Command + "parameter",
            Attributes(parameter, parameter.Sets),
            new XElement(Maml.Text + "name", parameter.Name),
            MamlText.Description(parameter.Text),
            AcceptedValues(parameter),
            ParameterValue(shown),
            Type(parameter.Type),
            new XElement(
                Maml.Dev + "defaultValue", parameter.DefaultValue.Length == 0 ? "None" : parameter.DefaultValue));
    }

    private static XAttribute[] Attributes(HelpParameter parameter, IReadOnlyList<HelpParameterSet> sets) =>
    [
        new("required", sets.Any(set => set.IsRequired)),
        new("variableLength", parameter.Type.EndsWith("[]", StringComparison.Ordinal)),
        new("globbing", parameter.SupportsWildcards),
        new("pipelineInput", PipelineInput(sets)),
        new("position", sets[0].IsPositional ? sets[0].Position : "named"),
        new("aliases", parameter.Aliases.Count == 0 ? "none" : string.Join(", ", parameter.Aliases)),
    ];

    private static string PipelineInput(IReadOnlyList<HelpParameterSet> sets) =>
        (sets.Any(set => set.FromPipeline), sets.Any(set => set.FromPipelineByPropertyName)) switch
        {
            (true, true) => "true (ByValue, ByPropertyName)",
            (true, false) => "true (ByValue)",
            (false, true) => "true (ByPropertyName)",
            (false, false) => "false",
        };

    /// <summary>The type as the syntax shows it, "int" for System.Int32; a switch takes no value.</summary>
    private static XElement? ParameterValue(HelpSyntaxParameter shown) => shown.IsSwitch
        ? null
        : new XElement(
            Maml.Command + "parameterValue",
            new XAttribute("required", true),
            new XAttribute("variableLength", shown.Type.EndsWith("[]", StringComparison.Ordinal)),
            shown.Type);

    private static XElement? AcceptedValues(HelpParameter parameter) => parameter.AcceptedValues.Count == 0
        ? null
        : new XElement(
            Maml.Command + "parameterValueGroup",
            parameter.AcceptedValues.Select(value => new XElement(Maml.Command + "parameterValue", value)));

    private static XElement Type(string name) => new(Maml.Dev + "type", new XElement(Maml.Text + "name", name));

    private static XElement Value(string element, HelpType type) => new(
        Maml.Command + element,
        Type(type.Name),
        new XElement(Maml.Text + "description", MamlText.Paragraphs(type.Text)));

    private static XElement Example(HelpExample example) => new(
        Maml.Command + "example",
        new XElement(Maml.Text + "title", $"--------- {example.Title} ---------"),
        Introduction(example.Introduction),
        new XElement(Maml.Dev + "code", example.Code),
        Remarks(example.Remarks));

    /// <summary>
    /// The text after the first code, and an empty paragraph, which becomes the blank line before the next example.
    /// </summary>
    private static XElement? Remarks(IReadOnlyList<HelpBlock> blocks) => blocks.Count == 0
        ? null
        : new XElement(Maml.Dev + "remarks", MamlText.Paragraphs(blocks), MamlText.Paragraph(string.Empty));

    /// <summary>Get-Help adds no line break to an introduction, but keeps those that end its last paragraph.</summary>
    private static XElement? Introduction(IReadOnlyList<HelpBlock> blocks) => blocks.Count == 0
        ? null
        : new XElement(
            Maml.Text + "introduction",
            MamlText.Paragraph(string.Concat(blocks.Select(block => MamlText.PlainText(block) + "\n\n"))));

    /// <summary>
    /// Get-Help -Online opens the first link that has an address. So only the page's online version has one; the other
    /// links show theirs in the text.
    /// </summary>
    private static IEnumerable<XElement> Links(HelpPage page)
    {
        var links = page.Links
            .Select(link => Link($"{link.Text} {link.Uri}".TrimEnd(), string.Empty));
        return page.HelpUri.Length == 0 ? links : links.Prepend(Link("Online Version:", page.HelpUri));
    }

    private static XElement Link(string text, string uri) => new(
        Maml.Text + "navigationLink",
        new XElement(Maml.Text + "linkText", text),
        new XElement(Maml.Text + "uri", uri));
}
