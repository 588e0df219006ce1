using System.Diagnostics;

namespace DmaBuf.Build;

/// <summary>Runs a program that shares this program's streams.</summary>
internal static class Child
{
    private static readonly TimeSpan s_outputLimit = TimeSpan.FromSeconds(2);

    /// <summary>Runs the program (the first word) and returns its exit code; ends it when cancelled.</summary>
    public static Task<int> RunAsync(IReadOnlyList<string> words, CancellationToken cancellationToken) =>
        RunAsync(words, null, cancellationToken);

    /// <summary>Does the same, with the program's standard output going to a stream.</summary>
    public static async Task<int> RunAsync(
        IReadOnlyList<string> words, Stream? output, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(words[0], words.Skip(1)) { RedirectStandardOutput = output is not null };
        using var process = Process.Start(start) ?? throw new BuildException($"{words[0]} does not start.");
        try
        {
            var copying = output is null
                ? Task.CompletedTask
                : process.StandardOutput.BaseStream.CopyToAsync(output, cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            // Processes that the program left behind may keep its output open.
            await Task.WhenAny(copying, Task.Delay(s_outputLimit, cancellationToken));
            return process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
