using Xunit;

namespace DmaBufPS.Tests;

/// <summary>The facts about a cmdlet that its page in docs/help states.</summary>
internal sealed class HelpPage
{
    private const string ParameterHeading = "### -";
    private readonly string[] _lines;

    public HelpPage(string cmdlet)
    {
        var path = Path.Combine(BuiltModule.RepositoryRoot, "docs", "help", $"{cmdlet}.md");
        Assert.True(File.Exists(path), $"{path} is missing.");
        _lines = File.ReadAllLines(path);
    }

    /// <summary>The one-line description.</summary>
    public string Synopsis => string.Join(' ', Section("SYNOPSIS").Where(line => line.Length > 0));

    /// <summary>The number of examples.</summary>
    public int Examples => Section("EXAMPLES").Count(IsHeading);

    /// <summary>The types of the output; empty for a cmdlet that never outputs anything.</summary>
    public IEnumerable<string> Outputs => Section("OUTPUTS")
        .Where(IsHeading)
        .Select(line => line[4..].Trim())
        .Where(type => type != "None");

    /// <summary>The parameters, by name.</summary>
    public IReadOnlyDictionary<string, ParameterPage> Parameters
    {
        get
        {
            var section = Section("PARAMETERS").ToList();
            var starts = Enumerable.Range(0, section.Count).Where(i => IsHeading(section[i])).ToList();
            return starts
                .Where(start => section[start].StartsWith(ParameterHeading, StringComparison.Ordinal))
                .ToDictionary(
                    start => section[start][ParameterHeading.Length..].Trim(),
                    start => new ParameterPage(section.Skip(start + 1).Take(End(start) - start - 1)));

            int End(int start) => starts.FirstOrDefault(other => other > start, section.Count);
        }
    }

    private static bool IsHeading(string line) => line.StartsWith("### ", StringComparison.Ordinal);

    private IEnumerable<string> Section(string heading) => _lines
        .SkipWhile(line => line != $"## {heading}")
        .Skip(1)
        .TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal));
}
