using System.Text.RegularExpressions;
using Markdig.Syntax;

namespace DmaBuf.Build;

/// <summary>Reads a page's SYNTAX section: for each parameter set, the command line in a block of code.</summary>
internal sealed partial class SyntaxParser(PageSource source, string command)
{
    /// <summary>Marks the default parameter set.</summary>
    private const string Default = " (Default)";

    public List<HelpSyntax> Parse(PageSection section)
    {
        var sets = PageSection.Split(section.Blocks, 3, source);
        return sets.Count > 0
            ? [.. sets.Select(ParseSet)]
            : throw source.Error(section.Line, "SYNTAX has no parameter set ('### __AllParameterSets')");
    }

    private HelpSyntax ParseSet(PageSection set)
    {
        if (set.Blocks is not [FencedCodeBlock code])
            throw source.Error(set.Line, $"the syntax of {set.Title} must be one block of code");
        var line = PageSection.LineOf(code) + 1;
        var text = string.Join(' ', PageText.Lines(code).Split('\n').Select(part => part.Trim()));
        var match = CommandLine().Match(text);
        if (!match.Success || match.Groups["command"].Value != command)
            throw source.Error(line, $"expected '{command} ... [<CommonParameters>]'");

        var name = set.Title.EndsWith(Default, StringComparison.Ordinal) ? set.Title[..^Default.Length] : set.Title;
        return new HelpSyntax(name, line, ParseParameters(match.Groups["parameters"].Value, line));
    }

    private List<HelpSyntaxParameter> ParseParameters(string text, int line)
    {
        var parameters = new List<HelpSyntaxParameter>();
        var end = 0;
        for (var match = Parameter().Match(text); match.Success; match = match.NextMatch())
        {
            end = match.Index + match.Length;
            parameters.Add(new HelpSyntaxParameter(
                match.Groups["name"].Value,
                match.Groups["type"].Value,
                IsRequired: !match.Groups["optional"].Success,
                IsPositional: match.Groups["positional"].Success));
        }

        return end == text.Length
            ? parameters
            : throw source.Error(line, $"'{text[end..].Trim()}' does not start with a parameter");
    }

    [GeneratedRegex(@"^(?<command>\S+) (?<parameters>.*)\[<CommonParameters>\]$")]
    private static partial Regex CommandLine();

    // One of [[-Name] <type>], [-Name] <type>, [-Name <type>], [-Name], -Name <type> and -Name, followed by a space.
    [GeneratedRegex(
        @"\G(?:(?<optional>\[)(?<positional>\[)-(?<name>\w+)\][ ]<(?<type>[^>]+)>\]
            | (?<positional>\[)-(?<name>\w+)\][ ]<(?<type>[^>]+)>
            | (?<optional>\[)-(?<name>\w+)(?:[ ]<(?<type>[^>]+)>)?\]
            | -(?<name>\w+)(?:[ ]<(?<type>[^>]+)>)?)[ ]",
        RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Parameter();
}
