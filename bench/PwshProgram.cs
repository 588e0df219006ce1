using System.Diagnostics;

namespace DmaBuf.Bench;

/// <summary>Starts the PowerShell that the build program found or fetched; see build/Setup.</summary>
internal static class PwshProgram
{
    private static readonly string? s_home = Environment.GetEnvironmentVariable("DMABUFPS_PSHOME");
    private static readonly string? s_tool = Environment.GetEnvironmentVariable("DMABUFPS_PSTOOL");

    public static bool Exists => !string.IsNullOrEmpty(s_home);

    /// <summary>Whether this PowerShell is the compiled .NET tool and the original tool is available, too.</summary>
    public static bool IsCompiledTool => !string.IsNullOrEmpty(s_tool);

    /// <summary>Starts it with one command, without a profile, telemetry or an update check.</summary>
    public static Process Start(string command, bool redirect = false) => Start([$"{s_home}/pwsh"], command, redirect);

    /// <summary>Starts the compiled tool in the same way as <see cref="StartTool"/> starts the original.</summary>
    public static Process StartCompiled(string command) => Start(["dotnet", $"{s_home}/pwsh.dll"], command);

    /// <summary>Starts the original tool, which is not compiled ahead of time.</summary>
    public static Process StartTool(string command) => Start(["dotnet", $"{s_tool}/pwsh.dll"], command);

    public static string Quote(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private static Process Start(string[] program, string command, bool redirect = false)
    {
        string[] words = [.. program[1..], "-NoProfile", "-NonInteractive", "-Command", command];
        var start = new ProcessStartInfo(program[0], words) { RedirectStandardOutput = redirect };
        start.Environment["POWERSHELL_TELEMETRY_OPTOUT"] = "1";
        start.Environment["POWERSHELL_UPDATECHECK"] = "Off";
        return Process.Start(start)!;
    }
}
