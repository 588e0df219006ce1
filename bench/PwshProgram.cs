using System.Diagnostics;

namespace DmaBuf.Bench;

/// <summary>PowerShell: the one that runs build.ps1, or one on PATH, or none.</summary>
internal static class PwshProgram
{
    private static readonly string[]? s_command = Find();

    public static bool Exists => s_command is not null;

    /// <summary>Starts it with one command and no profile, with nothing that would ask the network for news.</summary>
    public static Process Start(string command, bool redirect = false)
    {
        var words = s_command ?? throw new InvalidOperationException("There is no pwsh.");
        var start = new ProcessStartInfo(words[0], [.. words[1..], "-NoProfile", "-NonInteractive", "-Command", command]) { RedirectStandardOutput = redirect };
        start.Environment["POWERSHELL_TELEMETRY_OPTOUT"] = "1";
        start.Environment["POWERSHELL_UPDATECHECK"] = "Off";
        return Process.Start(start)!;
    }

    public static string Quote(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private static string[]? Find()
    {
        if (Environment.GetEnvironmentVariable("DMABUFPS_PSHOME") is { Length: > 0 } home)
        {
            // The .NET tool comes without an executable.
            var executable = Path.Combine(home, "pwsh");
            return File.Exists(executable) ? [executable] : ["dotnet", Path.Combine(home, "pwsh.dll")];
        }

        var found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, "pwsh")).FirstOrDefault(File.Exists);
        return found is null ? null : [found];
    }
}
