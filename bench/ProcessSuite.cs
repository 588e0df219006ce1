using System.Diagnostics;

namespace DmaBuf.Bench;

/// <summary>
/// Times whole processes from start to exit. They take turns, so that a machine that slows down affects all of them.
/// </summary>
internal static class ProcessSuite
{
    private const double ImportTarget = 20;
    private const double PromptTarget = 0.6;
    private const int JobSize = 64 << 20;

    public static IEnumerable<Row> Run(string module, bool quick)
    {
        var import = $"Import-Module {PwshProgram.Quote(module)}";
        var job = $"{import}; $null = New-UDmaBuf {JobSize} {(BenchBuffer.IsDmaBuf ? "" : "-Backing MemFd")}"
            + " | Write-DmaBufContent -Fill 0x5a -PassThru"
            + $" | Read-DmaBufContent -OutFile {PwshProgram.Quote(Workshop.OutputFile)}";
        var times = Measure(quick ? 7 : 20,
            () => PwshProgram.Start("0", redirect: true),
            () => PwshProgram.Start($"Import-Module {PwshProgram.Quote(Workshop.OneCmdlet)}"),
            () => PwshProgram.Start(import),
            () => PwshProgram.Start(job),
            () => Process.Start(Workshop.Program, [$"{JobSize}", Workshop.OutputFile]));
        var (bare, one, ours, work, workC) = (times[0], times[1], times[2], times[3], times[4]);
        // The median of the differences within each round.
        var over = ours.Zip(one, (a, b) => a - b).Median();
        yield return new Row("Import-Module (other: bare pwsh)", 0, ours.Median(), bare.Median());
        yield return new Row("Import-Module (other: one cmdlet)", 0, ours.Median(), one.Median());
        yield return new Row(
            "Import-Module over one cmdlet", 0, over, 0, $"<= {ImportTarget} ms", over <= ImportTarget);
        if (PwshProgram.IsCompiledTool)
        {
            var prompts = Measure(
                quick ? 7 : 20, () => PwshProgram.StartCompiled("0"), () => PwshProgram.StartTool("0"));
            // Likewise, the median of the ratios within each round.
            var part = prompts[0].Zip(prompts[1], (a, b) => a / b).Median();
            yield return new Row(
                "a prompt (other: the tool, not compiled)", 0, prompts[0].Median(), prompts[1].Median(),
                $"<= {PromptTarget} of it", part <= PromptTarget);
        }

        yield return new Row("process: create, fill, to file", JobSize, work.Median(), workC.Median());
        File.Delete(Workshop.OutputFile);
    }

    private static double[][] Measure(int rounds, params Func<Process>[] starts)
    {
        var times = starts.Select(_ => new double[rounds]).ToArray();
        // The first round only brings the files into memory, so its times are dropped.
        for (var round = -1; round < rounds; round++)
        {
            for (var i = 0; i < starts.Length; i++)
            {
                var watch = Stopwatch.StartNew();
                using var process = starts[i]();
                process.WaitForExit();
                if (process.ExitCode != 0)
                {
                    var arguments = string.Join(' ', process.StartInfo.ArgumentList);
                    throw new InvalidOperationException($"{process.StartInfo.FileName} {arguments} failed.");
                }

                if (round >= 0)
                    times[i][round] = watch.Elapsed.TotalMilliseconds;
            }
        }

        return times;
    }
}
