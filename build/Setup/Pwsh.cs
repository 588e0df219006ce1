using System.Text.RegularExpressions;
using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>
/// The PowerShell that the tasks start: the one that runs build.ps1, else the one on PATH, else the .NET tool that this
/// repository pins.
/// </summary>
internal static partial class Pwsh
{
    /// <summary>The variable that tells the programs that the tasks start which PowerShell is in use.</summary>
    public const string HomeVariable = "DMABUFPS_PSHOME";

    private const string VersionVariable = "DMABUFPS_PSVERSION";

    private static Task<string?>? s_search;

    /// <summary>PowerShell's own folder, its <c>$PSHOME</c>; null where there is no PowerShell.</summary>
    public static string? Home { get; private set; }

    /// <summary>The program and first arguments that start it; null where there is no PowerShell.</summary>
    public static string[]? Command => Home is null ? null : CommandOf(Home);

    /// <summary>Finds a PowerShell or fetches one; where there is none, reports why.</summary>
    public static async Task EnsureAsync(CancellationToken cancellationToken)
    {
        Home = await (s_search ??= FindAsync(cancellationToken));
        Environment.SetEnvironmentVariable(HomeVariable, Home);
        // The tool's executable would look for .NET only in its usual place and in the version it was built for.
        SetUnlessSet("DOTNET_ROOT", DotNet.Root);
        SetUnlessSet("DOTNET_ROLL_FORWARD", "Major");
        // Tests count the sockets of their process, so PowerShell must not open any for its own reports.
        SetUnlessSet("POWERSHELL_TELEMETRY_OPTOUT", "1");

        static void SetUnlessSet(string variable, string value)
        {
            if (Environment.GetEnvironmentVariable(variable) is null)
                Environment.SetEnvironmentVariable(variable, value);
        }
    }

    /// <summary>The command that runs a script of build/Scripts with arguments.</summary>
    public static string[] Script(string name, params string[] arguments) => ScriptIn(Command, name, arguments);

    /// <summary>The command that runs a script of build/Scripts in another PowerShell.</summary>
    public static string[] ScriptIn(IReadOnlyList<string>? command, string name, params string[] arguments) =>
    [
        .. command ?? throw new BuildException("There is no PowerShell."),
        "-NoProfile", "-NonInteractive", "-File", Repository.At("build", "Scripts", name), .. arguments,
    ];

    /// <summary>The command that starts the PowerShell in a folder.</summary>
    public static string[] CommandOf(string home)
    {
        var executable = Path.Combine(home, "pwsh");
        return DotNet.CanRun(executable) ? [executable] : [DotNet.Program, Path.Combine(home, "pwsh.dll")];
    }

    /// <summary>Says what is missing when a module cannot be used.</summary>
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
