using System.Xml.Linq;
using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>Checks the pages with PlatyPS, where it is installed, and compares its MAML with ours.</summary>
internal static class PlatyPSCheck
{
    private const int ExcerptLength = 80;
    private const int ContextLength = 20;

    /// <summary>Returns a line for each difference and for each error that PlatyPS finds in a page.</summary>
    public static async Task<string[]> RunAsync(CancellationToken cancellationToken)
    {
        await Pwsh.EnsureAsync(cancellationToken);
        if (await PowerShellModules.InstalledAsync(PowerShellModules.PlatyPS, cancellationToken) is null)
        {
            Report.LeaveOut($"the check of the pages with PlatyPS ({Pwsh.WantOf(PowerShellModules.PlatyPS)})");
            return [];
        }

        var folder = Path.Combine(Repository.Out, "build", "platyps");
        var words = Pwsh.Script("platyps.ps1", "-Pages", HelpFiles.Pages, "-Output", folder);
        var result = await HostCommand.TryRunAsync(words[0], words[1..], null, cancellationToken);
        if (result.ExitCode != 0)
            return (result.Output + result.Error).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        var file = Path.Combine(folder, "DmaBufPS", HelpFiles.MamlName);
        var theirs = MamlFacts.Read(XDocument.Load(file), text => WithoutMarkup(text, file));
        var ours = MamlFacts.Read(XDocument.Load(HelpFiles.MamlPath), text => text);
        string[] differences = [.. Compare(theirs, ours)];
        if (differences.Length == 0)
            Report.Line("PlatyPS finds no error in the pages, and makes the same help from them.");
        return differences;
    }

    /// <summary>PlatyPS leaves Markdown in its texts.</summary>
    private static string WithoutMarkup(string text, string file)
    {
        var source = new PageSource(file, text);
        return string.Join('\n', PageText.Read(PageText.Parse(source), source).Select(MamlText.PlainText));
    }

    private static IEnumerable<string> Compare(Dictionary<string, string> theirs, Dictionary<string, string> ours)
    {
        foreach (var fact in theirs.Keys.Union(ours.Keys).Order(StringComparer.Ordinal))
        {
            var their = theirs.GetValueOrDefault(fact, string.Empty);
            var our = ours.GetValueOrDefault(fact, string.Empty);
            if (their == our)
                continue;
            var same = their.Zip(our).TakeWhile(pair => pair.First == pair.Second).Count();
            var start = Math.Max(0, same - ContextLength);
            yield return $"{fact}: '{Excerpt(their, start)}' in PlatyPS, '{Excerpt(our, start)}' in this build";
        }
    }

    private static string Excerpt(string text, int start) =>
        text.Substring(start, Math.Min(ExcerptLength, text.Length - start));
}
