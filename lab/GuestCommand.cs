using System.Collections;
using System.Text;

namespace DmaBuf.Lab;

/// <summary>A program to run in a machine, with its arguments, folder and variables.</summary>
/// <param name="Program">The program, looked up in PATH.</param>
/// <param name="Arguments">Its arguments.</param>
public sealed record GuestCommand(string Program, params string[] Arguments)
{
    private static readonly string[] s_inherited =
        ["PATH", "HOME", "USER", "LANG", "TZ", "TERM", "COLORTERM", "NO_COLOR", "CI", "PSModulePath"];

    private static readonly string[] s_inheritedPrefixes = ["LC_", "DOTNET_", "POWERSHELL_", "DMABUF"];

    /// <summary>The folder in which the program starts: by default this process's own.</summary>
    public string WorkingDirectory { get; init; } = Directory.GetCurrentDirectory();

    /// <summary>The program's variables: by default those of this process that mean something in a machine.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = InheritedVariables();

    /// <summary>The shell script that starts the program.</summary>
    internal string ToScript()
    {
        // A shell's background job, which the agent makes of it, starts with SIGINT ignored.
        var script = new StringBuilder($"cd {Quote(WorkingDirectory)} || exit 126\n");
        script.Append("exec /usr/bin/env -i --default-signal");
        foreach (var (name, value) in Variables)
            script.Append(' ').Append(Quote($"{name}={value}"));
        foreach (var word in Arguments.Prepend(Program))
            script.Append(' ').Append(Quote(word));
        return script.Append('\n').ToString();
    }

    /// <summary>Quotes a word for a shell.</summary>
    internal static string Quote(string word) => $"'{word.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    private static Dictionary<string, string> InheritedVariables()
    {
        var variables = Environment.GetEnvironmentVariables()
            .Cast<DictionaryEntry>()
            .Select(entry => (Name: (string)entry.Key, Value: (string)(entry.Value ?? string.Empty)))
            .Where(entry => s_inherited.Contains(entry.Name)
                || s_inheritedPrefixes.Any(prefix => entry.Name.StartsWith(prefix, StringComparison.Ordinal)))
            .ToDictionary(entry => entry.Name, entry => entry.Value);
        // Everyone is root in the machine.
        variables["PATH"] = variables.GetValueOrDefault("PATH", "/usr/local/bin:/usr/bin:/bin")
            + ":/usr/local/sbin:/usr/sbin:/sbin";
        variables.TryAdd("HOME", "/root");
        variables.TryAdd("TERM", "dumb");
        // Compiling the busy parts of a program again pays off later than an emulated run lasts: meanwhile a call in a
        // remote session takes two and a half times as long.
        variables.TryAdd("DOTNET_TieredCompilation", "0");
        // Cultures would cost every start of PowerShell a tenth of its time, and a guest 37 MB of its memory.
        variables.TryAdd("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1");
        // There is no network to report to.
        variables.TryAdd("POWERSHELL_TELEMETRY_OPTOUT", "1");
        variables.TryAdd("POWERSHELL_UPDATECHECK", "Off");
        return variables;
    }
}
