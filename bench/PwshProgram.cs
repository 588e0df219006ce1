using System.Diagnostics;

namespace DmaBuf.Bench;

/// <summary>The PowerShell that the build program found or got; see build/Setup.</summary>
internal static class PwshProgram
{
    private static readonly string? s_home = Environment.GetEnvironmentVariable("DMABUFPS_PSHOME");
    private static readonly string? s_tool = Environment.GetEnvironmentVariable("DMABUFPS_PSTOOL");

    public static bool Exists => !string.IsNullOrEmpty(s_home);

    /// <summary>Whether the PowerShell is the compiled .NET tool, and the tool as it comes is there, too.</summary>
    public static bool IsCompiledTool => !string.IsNullOrEmpty(s_tool);

    /// <summary>Starts it with one command and no profile, with nothing that would ask the network for news.</summary>
    public static Process Start(string command, bool redirect = false) => Start([$"{s_home}/pwsh"], command, redirect);

    /// <summary>Starts the compiled tool as <see cref="StartTool"/> starts the tool.</summary>
    public static Process StartCompiled(string command) => Start(["dotnet", $"{s_home}/pwsh.dll"], command);

    /// <summary>Starts the tool as it comes.</summary>
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
