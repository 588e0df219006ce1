using System.Text.Json;

namespace DmaBuf.Bench;

/// <summary>Runs cmdlets.ps1 in one PowerShell. Each line that the script prints is one result.</summary>
internal static class CmdletSuite
{
    private const double RatioTarget = 0.9;
    private const double ExtraMilliseconds = 1;
    private const double AllocationTarget = 1024;

    public static IEnumerable<Row> Run(string module, bool quick)
    {
        string[] words =
        [
            Path.Combine(Workshop.Root, "bench/cmdlets.ps1"), module, Workshop.Library,
            typeof(Baseline).Assembly.Location, Workshop.OutputFile,
        ];
        var command = $"& {string.Join(' ', words.Select(PwshProgram.Quote))}{(quick ? " -Quick" : "")}"
            + " | ForEach-Object { ConvertTo-Json $_ -Compress }";
        using var process = PwshProgram.Start(command, redirect: true);
        while (process.StandardOutput.ReadLine() is { } line)
        {
            var result = JsonSerializer.Deserialize<Result>(line)!;
            yield return result.Unit == "KiB"
                ? new Row(
                    result.Scenario, result.Size, result.Ours, 0,
                    $"<= {AllocationTarget} KiB", result.Ours <= AllocationTarget, "KiB")
                : new Row(
                    result.Scenario, result.Size, result.Ours, result.C,
                    $"C / {RatioTarget} + {ExtraMilliseconds} ms",
                    result.Ours <= result.C / RatioTarget + ExtraMilliseconds);
        }

        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException("cmdlets.ps1 failed.");
    }

    private sealed record Result(string Scenario, long Size, double Ours, double C, string Unit);
}
