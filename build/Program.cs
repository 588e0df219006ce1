using System.Runtime.InteropServices;
using DmaBuf.Lab;

namespace DmaBuf.Build;

internal static class Program
{
    private static readonly Dictionary<string, Job> s_tasks =
        new(StringComparer.OrdinalIgnoreCase)
        {
            ["Build"] = BuildTask.RunAsync,
            ["Test"] = TestTask.RunAsync,
            ["Demo"] = DemoTask.RunAsync,
            ["Shell"] = ShellTask.RunAsync,
            ["Lab"] = LabTask.RunAsync,
            ["Bench"] = BenchTask.RunAsync,
            ["Docs"] = DocsTask.RunAsync,
            ["Package"] = PackageTask.RunAsync,
            ["Clean"] = CleanTask.RunAsync,
        };

    private delegate Task<int> Job(TaskArguments arguments, CancellationToken cancellationToken);

    private static async Task<int> Main(string[] words)
    {
        using var cancellation = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Cancel);
        try
        {
            if (words.Length == 0 || !s_tasks.TryGetValue(words[0], out var job))
                throw new BuildException(
                    $"Usage: build.sh {string.Join('|', s_tasks.Keys).ToLowerInvariant()} [options]");
            return await job(new TaskArguments(WordsOfPowerShell() ?? words[1..]), cancellation.Token);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return 130;
        }
        catch (Exception failure)
            when (failure is BuildException or LabException or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine(failure.Message);
            return 1;
        }

        // The words that build.ps1 received; build.ps1 says why they come in a variable.
        static string[]? WordsOfPowerShell()
        {
            var joined = Environment.GetEnvironmentVariable("DMABUFPS_WORDS");
            Environment.SetEnvironmentVariable("DMABUFPS_WORDS", null);
            return joined?.Split('\x1f')[1..];
        }

        void Cancel(PosixSignalContext context)
        {
            context.Cancel = true;
            cancellation.Cancel();
        }
    }
}
