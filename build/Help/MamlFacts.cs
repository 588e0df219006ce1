using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace DmaBuf.Build;

/// <summary>
/// The content of a MAML file, in a form that allows comparing two writers: white space, list marks and the place where
/// an example keeps its text make no difference.
/// </summary>
internal sealed partial class MamlFacts
{
    private static readonly string[] s_attributes = ["required", "position", "globbing", "pipelineInput", "aliases"];

    private readonly Dictionary<string, string> _facts = [];
    private readonly Func<string, string> _plain;

    private MamlFacts(Func<string, string> plain) => _plain = plain;

    /// <summary>Reads a file; the function removes markup that the writer left in a text.</summary>
    public static Dictionary<string, string> Read(XDocument maml, Func<string, string> plain)
    {
        var facts = new MamlFacts(plain);
        foreach (var command in maml.Root!.Elements(Maml.Command + "command"))
            facts.Add(command);
        return facts._facts;
    }

    private void Add(XElement command)
    {
        var details = command.Element(Maml.Command + "details")!;
        var name = Value(details, Maml.Command + "name");
        _facts[$"{name}, verb and noun"] =
            $"{Value(details, Maml.Command + "verb")} {Value(details, Maml.Command + "noun")}";
        _facts[$"{name}, synopsis"] = Text(details.Element(Maml.Text + "description"));
        _facts[$"{name}, description"] = Text(command.Element(Maml.Text + "description"));
        _facts[$"{name}, notes"] = Text(command.Element(Maml.Text + "alertSet"));

        AddEach(name, "syntax", command.Descendants(Maml.Command + "syntaxItem"), Syntax);
        AddEach(name, "input", command.Descendants(Maml.Command + "inputType"), Type);
        AddEach(name, "output", command.Descendants(Maml.Command + "returnValue"), Type);
        AddEach(name, "example", command.Descendants(Maml.Command + "example"), example => Text(example));
        AddEach(name, "link", command.Descendants(Maml.Text + "navigationLink").Where(IsRelated), Link);
        foreach (var parameter in command.Element(Maml.Command + "parameters")!.Elements())
        {
            var key = $"{name} -{Value(parameter, Maml.Text + "name")}";
            _facts[$"{key}, text"] = Text(parameter.Element(Maml.Text + "description"));
            _facts[$"{key}, attributes"] = Parameter(parameter);
        }
    }

    private void AddEach(string command, string what, IEnumerable<XElement> elements, Func<XElement, string> read)
    {
        foreach (var (index, element) in elements.Index())
            _facts[$"{command}, {what} {index + 1}"] = read(element);
    }

    private static string Syntax(XElement syntax) => string.Join(
        ' ',
        syntax.Elements(Maml.Command + "parameter").Select(parameter =>
            $"-{Value(parameter, Maml.Text + "name")} <{Value(parameter, Maml.Command + "parameterValue")}>" +
            $" {Attribute(parameter, "required")} {Attribute(parameter, "position")};"));

    private static string Parameter(XElement parameter)
    {
        var attributes = s_attributes.Select(
            attribute => $"{attribute} {Attribute(parameter, attribute)}");
        var values = parameter.Descendants(Maml.Command + "parameterValueGroup")
            .Elements()
            .Select(value => value.Value);
        return $"{Value(parameter, Maml.Dev + "type")}; {string.Join("; ", attributes)}; {string.Join(", ", values)}";
    }

    private string Type(XElement type) =>
        $"{Value(type, Maml.Dev + "type")}: {Text(type.Element(Maml.Text + "description"))}";

    // PlatyPS adds a link to an online version that has no address.
    private static bool IsRelated(XElement link) =>
        !Value(link, Maml.Text + "linkText").StartsWith("Online Version", StringComparison.Ordinal);

    private static string Link(XElement link)
    {
        var uri = Value(link, Maml.Text + "uri");
        return Collapse(Value(link, Maml.Text + "linkText") + ' ' + (PageText.IsPage(uri) ? string.Empty : uri));
    }

    /// <summary>All text in an element.</summary>
    private string Text(XElement? element)
    {
        var parts = element?.DescendantNodes().OfType<XText>().Select(text => text.Value) ?? [];
        return Collapse(ListMark().Replace(_plain(string.Join("\n\n", parts)), string.Empty));
    }

    private static string Value(XElement element, XName child) => element.Element(child)?.Value ?? string.Empty;

    private static string Attribute(XElement element, string name) =>
        element.Attribute(name)?.Value.ToLowerInvariant() ?? string.Empty;

    /// <summary>
    /// Replaces white space, and the characters that only keep a line from being empty, with one space.
    /// </summary>
    private static string Collapse(string text) => Space().Replace(text, " ").Trim();

    [GeneratedRegex(@"^ *(?:-|\d+\.) ", RegexOptions.Multiline)]
    private static partial Regex ListMark();

    [GeneratedRegex(@"[\s\u0080\u200B]+")]
    private static partial Regex Space();
}
