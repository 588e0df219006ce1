using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace DmaBuf.Build;

/// <summary>The tests of one xunit project.</summary>
/// <param name="suite">The suite's name.</param>
/// <param name="project">The project, a test program.</param>
/// <param name="traitIfEmulated">
/// The trait, NAME=VALUE, of the tests to run where the processor is emulated; null runs all.
/// </param>
/// <param name="notIfEmulated">The trait of the tests to leave out there; null leaves out none.</param>
internal sealed partial class XunitSuite(
    string suite, string project, string? traitIfEmulated = null, string? notIfEmulated = null) : TestSuite
{
    /// <summary>
    /// The tests of the core. Those that only compute or open windows run on the host alone: they show the same on
    /// every kernel, and an emulated processor is slow.
    /// </summary>
    public static XunitSuite Core { get; } = new("xunit", "DmaBuf.Tests", notIfEmulated: "Only=Host");

    /// <summary>The tests of the core that need dom0 of a Xen host.</summary>
    public static XunitSuite Xen { get; } = new("xunit", "DmaBuf.Tests", "Needs=Xen");

    /// <summary>
    /// The tests of the module in process. PowerShell is slow on an emulated processor, so only tests that need one of
    /// the machine's devices run there.
    /// </summary>
    public static XunitSuite Module { get; } = new("module", "DmaBufPS.Tests", "Needs=Device");

    public override TimeSpan Limit => TimeSpan.FromMinutes(15);

    public override string Name => suite;

    public override string[] Command(string resultFile, string? filter, bool isEmulated) =>
    [
        DotNet.Program,
        Path.Combine(isEmulated ? CompiledTests.Folder(project) : Repository.Binaries(project), $"{project}.dll"),
        "-noColor", "-noAutoReporters", "-reporter", "json", "-xml", resultFile,
        .. isEmulated && traitIfEmulated is not null ? ["-trait", traitIfEmulated] : Array.Empty<string>(),
        .. isEmulated && notIfEmulated is not null ? ["-trait-", notIfEmulated] : Array.Empty<string>(),
        .. filter is null ? Array.Empty<string>() : ["-method", $"*{filter}*"],
    ];

    public override Task PrepareForEmulationAsync(CancellationToken cancellationToken) =>
        CompiledTests.UpdateAsync(project, cancellationToken);

    public override bool Follow(string line, TestProgress progress)
    {
        if (TestCases().Match(line) is { Success: true } found)
            progress.SetTests(int.Parse(found.Groups[1].ValueSpan, CultureInfo.InvariantCulture));
        else if (line.StartsWith("""{"$type":"test-case-finished",""", StringComparison.Ordinal))
            progress.EndTest();
        return line.StartsWith("""{"$type":""", StringComparison.Ordinal);
    }

    public override IEnumerable<TestOutcome> Read(string resultFile)
    {
        var results = XDocument.Load(resultFile);
        foreach (var test in results.Descendants("test"))
        {
            var name = (string?)test.Attribute("name") ?? "?";
            switch ((string?)test.Attribute("result"))
            {
                case "Pass":
                    yield return new TestOutcome(name, TestStatus.Passed);
                    break;
                case "Skip":
                    yield return new TestOutcome(name, TestStatus.Skipped, test.Element("reason")?.Value ?? "");
                    break;
                case "Fail":
                    yield return new TestOutcome(name, TestStatus.Failed, FailureOf(test));
                    break;
            }
        }

        // Failures outside any test, such as those of a fixture or of a class's clean-up.
        foreach (var error in results.Descendants("error"))
        {
            var name = $"around {error.Attribute("name")?.Value}";
            yield return new TestOutcome(name, TestStatus.Failed, FailureOf(error));
        }
    }

    [GeneratedRegex("""^\{"\$type":"discovery-complete",.*"TestCasesToRun":([0-9]+)""")]
    private static partial Regex TestCases();

    private static string FailureOf(XElement element)
    {
        var failure = element.Element("failure");
        return $"{failure?.Element("message")?.Value}\n{failure?.Element("stack-trace")?.Value}".Trim();
    }
}
