using System.Text.RegularExpressions;
using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>
/// The PowerShell that the tasks start: the one that runs build.ps1, or the one on PATH, or the .NET tool that this
/// repository pins.
/// </summary>
internal static partial class Pwsh
{
    /// <summary>The variable that names the PowerShell in use to the programs that the tasks start.</summary>
    public const string HomeVariable = "DMABUFPS_PSHOME";

    private const string VersionVariable = "DMABUFPS_PSVERSION";

    private static Task<string?>? s_search;

    /// <summary>PowerShell's own folder, its <c>$PSHOME</c>; null where there is no PowerShell.</summary>
    public static string? Home { get; private set; }

    /// <summary>The program and first arguments that start it; null where there is no PowerShell.</summary>
    public static string[]? Command => Home is null ? null : CommandOf(Home);

    /// <summary>Finds a PowerShell, or gets one; says why where there is none.</summary>
    public static async Task EnsureAsync(CancellationToken cancellationToken)
    {
        Home = await (s_search ??= FindAsync(cancellationToken));
        Environment.SetEnvironmentVariable(HomeVariable, Home);
        // For the tool's executable, which looks for .NET in its usual place and of its own version only.
        SetUnlessSet("DOTNET_ROOT", DotNet.Root);
        SetUnlessSet("DOTNET_ROLL_FORWARD", "Major");

        static void SetUnlessSet(string variable, string value)
        {
            if (Environment.GetEnvironmentVariable(variable) is null)
                Environment.SetEnvironmentVariable(variable, value);
        }
    }

    /// <summary>The words that run a script of build/Scripts with arguments.</summary>
    public static string[] Script(string name, params string[] arguments) =>
    [
        .. Command ?? throw new BuildException("There is no PowerShell."),
        "-NoProfile", "-NonInteractive", "-File", Repository.At("build", "Scripts", name), .. arguments,
    ];

    /// <summary>The words that start the PowerShell of a folder.</summary>
    public static string[] CommandOf(string home)
    {
        var executable = Path.Combine(home, "pwsh");
        return DotNet.CanRun(executable) ? [executable] : [DotNet.Program, Path.Combine(home, "pwsh.dll")];
    }

    /// <summary>What to name as missing when a module cannot be used.</summary>
    public static string WantOf(string module) => Home is null ? "no PowerShell here" : $"no {module} here";

    /// <summary>Quotes a string for PowerShell.</summary>
    public static string Quote(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private static async Task<string?> FindAsync(CancellationToken cancellationToken) =>
        FromBuildScript() ?? await OnPathAsync(cancellationToken) ?? await PowerShellTool.GetAsync(cancellationToken);

    private static string? FromBuildScript()
    {
        var version = Environment.GetEnvironmentVariable(VersionVariable);
        return Environment.GetEnvironmentVariable(HomeVariable) is { Length: > 0 } home
            && IsRecent("the PowerShell that runs build.ps1", version)
            ? home
            : null;
    }

    private static async Task<string?> OnPathAsync(CancellationToken cancellationToken)
    {
        if (SystemPrograms.TryFind("pwsh") is not string program)
            return null;
        const string Question = "$PSHOME; [string] $PSVersionTable.PSVersion";
        string[] question = ["-NoProfile", "-NonInteractive", "-Command", Question];
        var answer = await HostCommand.TryRunAsync(program, question, null, cancellationToken);
        var lines = answer.Output.Split('\n');
        if (answer.ExitCode == 0 && lines is [var home, var version, ..])
            return IsRecent(program, version) ? home : null;
        Report.Note($"{program} does not start: {answer.Error.Trim()}");
        return null;
    }

    private static bool IsRecent(string which, string? version)
    {
        if (version is null || !System.Version.TryParse(Release().Match(version).Value, out var number))
            return true;
        if (number >= System.Version.Parse(ModuleManifest.PowerShellVersion()))
            return true;
        Report.Note($"{which} is PowerShell {version}, but the module needs {ModuleManifest.PowerShellVersion()}:"
            + " using the .NET tool instead.");
        return false;
    }

    [GeneratedRegex(@"^[0-9]+\.[0-9]+(\.[0-9]+)?")]
    private static partial Regex Release();
}
