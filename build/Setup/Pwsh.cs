using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>PowerShell: the one that runs build.ps1, or one on PATH, or none.</summary>
internal static class Pwsh
{
    /// <summary>The program and first arguments that start it; null where there is no PowerShell.</summary>
    public static string[]? Command { get; } = Find();

    /// <summary>The words that run a script of build/Scripts with arguments.</summary>
    public static string[] Script(string name, params string[] arguments) =>
    [
        .. Command ?? throw new BuildException("There is no PowerShell."),
        "-NoProfile", "-NonInteractive", "-File", Repository.At("build", "Scripts", name), .. arguments,
    ];

    /// <summary>What to name as missing when a module cannot be used.</summary>
    public static string WantOf(string module) => Command is null ? "no PowerShell here" : $"no {module} here";

    /// <summary>Quotes a string for PowerShell.</summary>
    public static string Quote(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private static string[]? Find()
    {
        string? home = Environment.GetEnvironmentVariable("DMABUFPS_PSHOME");
        if (home is null)
            return SystemPrograms.TryFind("pwsh") is string program ? [program] : null;
        string executable = Path.Combine(home, "pwsh");
        // The .NET tool comes without an executable.
        return File.Exists(executable) ? [executable] : ["dotnet", Path.Combine(home, "pwsh.dll")];
    }
}
