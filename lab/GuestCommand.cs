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

    /// <summary>The program's variables: by default those of this process that are useful in a machine.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = InheritedVariables();

    /// <summary>Whether the program's standard error is its standard output, as with <c>2&gt;&amp;1</c>.</summary>
    private bool JoinsStreams { get; init; }

    /// <summary>
    /// The command for a caller with these streams. If both are the same, the program has one stream too: only so are
    /// its lines whole and in order.
    /// </summary>
    internal GuestCommand For(Stream output, Stream error) =>
        this with { JoinsStreams = ReferenceEquals(output, error) };

    /// <summary>The shell script that starts the program.</summary>
    internal string ToScript()
    {
        var script = new StringBuilder(JoinsStreams ? "exec 2>&1\n" : "");
        script.Append($"cd {Quote(WorkingDirectory)} || exit 126\n");
        // The agent starts the program as a shell's background job, which ignores SIGINT; --default-signal undoes that.
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
        // Commands run as root in the machine, so PATH includes the sbin folders.
        variables["PATH"] = variables.GetValueOrDefault("PATH", "/usr/local/bin:/usr/bin:/bin")
            + ":/usr/local/sbin:/usr/sbin:/sbin";
        variables.TryAdd("HOME", "/root");
        variables.TryAdd("TERM", "dumb");
        // An emulated run is too short for tiered compilation to pay off, and until it does, a call in a remote session
        // takes two and a half times as long.
        variables.TryAdd("DOTNET_TieredCompilation", "0");
        // Culture data would make every start of PowerShell 10% slower and take 37 MB of a guest's memory.
        variables.TryAdd("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1");
        // There is no network to report to.
        variables.TryAdd("POWERSHELL_TELEMETRY_OPTOUT", "1");
        variables.TryAdd("POWERSHELL_UPDATECHECK", "Off");
        return variables;
    }
}
