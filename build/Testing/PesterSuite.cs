using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace DmaBuf.Build;

/// <summary>Tests of the cmdlets, in files and in the files of folders, run by one PowerShell.</summary>
/// <param name="pester">Pester's manifest.</param>
/// <param name="name">The suite's name.</param>
/// <param name="path">
/// The file, or the folder, whose subfolders belong to other suites; several with colons between them.
/// </param>
/// <param name="minutes">How long a run may take.</param>
/// <param name="powerShell">The command that starts PowerShell there; null for this computer's.</param>
/// <param name="tag">The tag of the tests to run; null for all.</param>
internal sealed partial class PesterSuite(
    string pester,
    string name,
    string path,
    int minutes = 25,
    IReadOnlyList<string>? powerShell = null,
    string? tag = null) : TestSuite
{
    /// <summary>The folder of the tests that need one machine.</summary>
    public static string Folder { get; } = Repository.At("tests", "Pester");

    /// <summary>The folder of the tests that need no device, so they do not run again in the machine.</summary>
    public static string HostOnlyFolder { get; } = Path.Combine(Folder, "HostOnly");

    /// <summary>The folder of the tests of the build's first run.</summary>
    public static string SetupFolder { get; } = Path.Combine(Folder, "Setup");

    public override string Name => name;

    public override TimeSpan Limit => TimeSpan.FromMinutes(minutes);

    public override string[] Command(string resultFile, string? filter, bool isEmulated) => Pwsh.ScriptIn(
        powerShell ?? Pwsh.Command,
        "pester.ps1",
        [
            "-Pester", pester, "-Tests", path, "-Results", resultFile,
            .. filter is null ? Array.Empty<string>() : ["-Filter", filter],
            .. tag is null ? Array.Empty<string>() : ["-Tag", tag],
        ]);

    public override bool Follow(string line, TestProgress progress)
    {
        var isOutcome = Outcome().IsMatch(line);
        if (Discovery().Match(line) is { Success: true } found)
            progress.SetTests(int.Parse(found.Groups[1].ValueSpan, CultureInfo.InvariantCulture));
        else if (isOutcome)
            progress.EndTest();
        if (isOutcome && line.TrimStart().StartsWith("[-]", StringComparison.Ordinal))
            Report.Note(line.Trim());
        return isOutcome;
    }

    public override IEnumerable<TestOutcome> Read(string resultFile)
    {
        using var results = JsonDocument.Parse(File.ReadAllText(resultFile));
        foreach (var test in results.RootElement.EnumerateArray())
        {
            var status = test.GetProperty("Result").GetString() switch
            {
                "Passed" => TestStatus.Passed,
                "Failed" => TestStatus.Failed,
                _ => TestStatus.Skipped,
            };
            var message = test.GetProperty(nameof(TestOutcome.Message)).GetString() ?? string.Empty;
            yield return new TestOutcome(
                test.GetProperty(nameof(TestOutcome.Name)).GetString() ?? "?",
                status,
                status == TestStatus.Skipped ? ReasonOf(message) : message);
        }
    }

    /// <summary>The number of tests; a second line, where only some of them run, has the number of those.</summary>
    [GeneratedRegex("^(?:Discovery found|Filters selected) ([0-9]+) tests")]
    private static partial Regex Discovery();

    [GeneratedRegex(@"^\s*\[[-+!?]\] ")]
    private static partial Regex Outcome();

    /// <summary>Pester's message is "is skipped, because REASON", followed by the place.</summary>
    private static string ReasonOf(string message)
    {
        var line = message.Split('\n')[0];
        var because = line.IndexOf("because ", StringComparison.Ordinal);
        return because < 0 ? line : line[(because + "because ".Length)..];
    }
}
