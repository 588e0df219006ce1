using System.Diagnostics;
using System.Runtime.InteropServices;

namespace DmaBuf.Build;

/// <summary>
/// Opens a PowerShell with the module imported, or, with arguments of pwsh behind "--", runs what they say there.
/// </summary>
internal static class ShellTask
{
    private static readonly string[] s_commandOptions = ["-Command", "-c"];

    public static async Task<int> RunAsync(TaskArguments arguments, CancellationToken cancellationToken)
    {
        var words = arguments.TakeRest();
        await BuildTask.EnsureBuiltAsync(cancellationToken);
        await Pwsh.EnsureAsync(cancellationToken);
        if (Pwsh.Command is not [string program, .. string[] first])
            throw new BuildException("There is no PowerShell to open.");

        // For what is no -Command: a script finds the module by its cmdlets' names.
        var modules = Environment.GetEnvironmentVariable("PSModulePath");
        Environment.SetEnvironmentVariable(
            "PSModulePath", string.IsNullOrEmpty(modules) ? Repository.Out : $"{Repository.Out}:{modules}");
        using var process = Process.Start(new ProcessStartInfo(program, [.. first, .. WithImport(words)]))
            ?? throw new BuildException($"{program} does not start.");
        // Ctrl+C at the prompt is the PowerShell's, and so this waits until that one ends.
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => process.Kill());
        await process.WaitForExitAsync(CancellationToken.None);
        return process.ExitCode;
    }

    private static string[] WithImport(string[] words)
    {
        var import = $"Import-Module {Pwsh.Quote(Path.Combine(Repository.Module, "DmaBufPS.psd1"))}";
        if (words.Length == 0)
            return ["-NoLogo", "-NoExit", "-Command", import];
        var option = Array.FindIndex(words, word => s_commandOptions.Contains(word, StringComparer.OrdinalIgnoreCase));
        if (option < 0 || option + 1 == words.Length)
            return words;
        return [.. words[..(option + 1)], $"{import}\n{words[option + 1]}", .. words[(option + 2)..]];
    }
}
