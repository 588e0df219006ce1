namespace DmaBufPS.Tests;

/// <summary>A help page's description of one parameter: a text and a block of YAML in PlatyPS's fixed layout.</summary>
internal sealed class ParameterPage
{
    private readonly List<string> _yaml;

    public ParameterPage(IEnumerable<string> lines)
    {
        var all = lines.ToList();
        var start = all.IndexOf("```yaml");
        Text = string.Join(' ', all.Take(start)).Trim();
        _yaml = [.. all.Skip(start + 1).TakeWhile(line => line != "```")];
    }

    public string Text { get; }

    public string Type => Value("Type");

    public bool SupportsWildcards => bool.Parse(Value("SupportsWildcards"));

    public IEnumerable<string> Aliases => List("Aliases");

    public IEnumerable<string> AcceptedValues => List("AcceptedValues");

    /// <summary>One line for each parameter set, as <see cref="Describe"/> formats it.</summary>
    public IEnumerable<string> Sets
    {
        get
        {
            var entries = _yaml
                .SkipWhile(line => line != "ParameterSets:")
                .Skip(1)
                .TakeWhile(line => line[0] is '-' or ' ')
                .ToList();
            for (var i = 0; i < entries.Count; i++)
            {
                if (!entries[i].StartsWith('-'))
                    continue;
                var facts = entries
                    .Skip(i + 1)
                    .TakeWhile(line => line[0] == ' ')
                    .Select(line => line.Trim().Split(": "))
                    .ToDictionary(pair => pair[0], pair => pair[1]);
                yield return Describe(
                    After(entries[i]),
                    facts["Position"],
                    bool.Parse(facts["IsRequired"]),
                    bool.Parse(facts["ValueFromPipeline"]),
                    bool.Parse(facts["ValueFromPipelineByPropertyName"]),
                    bool.Parse(facts["ValueFromRemainingArguments"]));
            }
        }
    }

    /// <summary>Formats one parameter set's facts as a line that can be compared.</summary>
    public static string Describe(
        string set, string position, bool required, bool byValue, bool byPropertyName, bool remaining) =>
        $"{set}: Position {position}, IsRequired {required}, ByValue {byValue}, ByPropertyName {byPropertyName}, "
        + $"Remaining {remaining}";

    private static string After(string line) => line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();

    private string Value(string key) =>
        After(_yaml.Single(line => line.StartsWith($"{key}:", StringComparison.Ordinal))).Trim('\'');

    private IEnumerable<string> List(string key) => _yaml
        .SkipWhile(line => !line.StartsWith($"{key}:", StringComparison.Ordinal))
        .Skip(1)
        .TakeWhile(line => line.StartsWith("- ", StringComparison.Ordinal))
        .Select(line => line[2..]);
}
