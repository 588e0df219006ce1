using System.Diagnostics;

namespace DmaBuf.Bench;

/// <summary>Whole processes, from start to exit, in turns: a machine that slows down slows down all of them.</summary>
internal static class ProcessSuite
{
    private const double ImportTarget = 20;
    private const double PromptTarget = 0.6;
    private const int JobSize = 64 << 20;

    public static IEnumerable<Row> Run(string module, bool quick)
    {
        var import = $"Import-Module {PwshProgram.Quote(module)}";
        var job = $"{import}; $null = New-UDmaBuf {JobSize} {(BenchBuffer.IsDmaBuf ? "" : "-Backing MemFd")} | " +
            $"Write-DmaBufContent -Fill 0x5a -PassThru | Read-DmaBufContent -OutFile {PwshProgram.Quote(Workshop.OutputFile)}";
        var times = Measure(quick ? 7 : 20,
            () => PwshProgram.Start("0", redirect: true),
            () => PwshProgram.Start($"Import-Module {PwshProgram.Quote(Workshop.OneCmdlet)}"),
            () => PwshProgram.Start(import),
            () => PwshProgram.Start(job),
            () => Process.Start(Workshop.Program, [$"{JobSize}", Workshop.OutputFile]));
        var (bare, one, ours, work, workC) = (times[0], times[1], times[2], times[3], times[4]);
        // Paired: the difference within each round, and the median of those.
        var over = ours.Zip(one, (a, b) => a - b).Median();
        yield return new Row("Import-Module (other: bare pwsh)", 0, ours.Median(), bare.Median());
        yield return new Row("Import-Module (other: one cmdlet)", 0, ours.Median(), one.Median());
        yield return new Row(
            "Import-Module over one cmdlet", 0, over, 0, $"<= {ImportTarget} ms", over <= ImportTarget);
        if (PwshProgram.IsCompiledTool)
        {
            var prompts = Measure(
                quick ? 7 : 20, () => PwshProgram.StartCompiled("0"), () => PwshProgram.StartTool("0"));
            // Paired, as above.
            var part = prompts[0].Zip(prompts[1], (a, b) => a / b).Median();
            yield return new Row(
                "a prompt (other: the tool as it comes)", 0, prompts[0].Median(), prompts[1].Median(),
                $"<= {PromptTarget} of it", part <= PromptTarget);
        }

        yield return new Row("process: create, fill, to file", JobSize, work.Median(), workC.Median());
        File.Delete(Workshop.OutputFile);
    }

    private static double[][] Measure(int rounds, params Func<Process>[] starts)
    {
        var times = starts.Select(_ => new double[rounds]).ToArray();
        // The first round reads the files into memory and counts for nothing.
        for (var round = -1; round < rounds; round++)
        {
            for (var i = 0; i < starts.Length; i++)
            {
                var watch = Stopwatch.StartNew();
                using var process = starts[i]();
                process.WaitForExit();
                if (process.ExitCode != 0)
                    throw new InvalidOperationException($"{process.StartInfo.FileName} {string.Join(' ', process.StartInfo.ArgumentList)} failed.");
                if (round >= 0)
                    times[i][round] = watch.Elapsed.TotalMilliseconds;
            }
        }

        return times;
    }
}
