using System.Diagnostics;
using System.Runtime.InteropServices;

namespace DmaBuf.Build;

/// <summary>
/// Opens a PowerShell with the module imported. Words after "--" are arguments of pwsh, such as -Command.
/// </summary>
internal static class ShellTask
{
    private static readonly string[] s_commandOptions = ["-Command", "-c"];
    private static readonly string[] s_fileOptions = ["-File", "-f"];

    public static async Task<int> RunAsync(TaskArguments arguments, CancellationToken cancellationToken)
    {
        var words = arguments.TakeRest();
        await BuildTask.EnsureBuiltAsync(cancellationToken);
        await Pwsh.EnsureAsync(cancellationToken);
        if (Pwsh.Command is not [string program, .. string[] first])
            throw new BuildException("PowerShell is not available.");

        // PSModulePath lets scripts load the module by using its cmdlets.
        var modules = Environment.GetEnvironmentVariable("PSModulePath");
        Environment.SetEnvironmentVariable(
            "PSModulePath", string.IsNullOrEmpty(modules) ? Repository.Modules : $"{Repository.Modules}:{modules}");
        using var process = Process.Start(new ProcessStartInfo(program, [.. first, .. WithImport(words)]))
            ?? throw new BuildException($"{program} does not start.");
        // Ctrl+C at the prompt belongs to PowerShell, so this waits until PowerShell ends. Other signals are passed on.
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => Terminate(process));
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, _ => Terminate(process));
        await process.WaitForExitAsync(CancellationToken.None);
        return process.ExitCode;
    }

    /// <summary>Asks PowerShell to end, so that it restores the terminal's settings.</summary>
    private static void Terminate(Process process) => Process.Start("kill", ["-TERM", $"{process.Id}"]).Dispose();

    /// <summary>Imports the module before what -Command runs; a script finds the module by itself.</summary>
    private static string[] WithImport(string[] words)
    {
        var import = $"Import-Module {Pwsh.Quote(Path.Combine(Repository.Module, "DmaBufPS.psd1"))}";
        if (words.Length == 0)
            return ["-NoLogo", "-NoExit", "-Command", import];
        var at = Array.FindIndex(words, word => IsOneOf(word, s_commandOptions) || IsOneOf(word, s_fileOptions));
        if (at < 0 || at + 1 == words.Length || IsOneOf(words[at], s_fileOptions) || words[at + 1] == "-")
            return words;
        return [.. words[..(at + 1)], $"{import}\n{words[at + 1]}", .. words[(at + 2)..]];
    }

    private static bool IsOneOf(string word, string[] options) =>
        options.Contains(word, StringComparer.OrdinalIgnoreCase);
}
