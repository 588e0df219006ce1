using System.Diagnostics;

namespace DmaBuf.Build;

/// <summary>Runs a program that shares this one's streams.</summary>
internal static class Child
{
    /// <summary>Runs the program (the first word) and returns its exit code; ends it when cancelled.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> words, CancellationToken cancellationToken)
    {
        using Process process = Process.Start(new ProcessStartInfo(words[0], words.Skip(1)))
            ?? throw new BuildException($"{words[0]} does not start.");
        try
        {
            await process.WaitForExitAsync(cancellationToken);
            return process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
