using System.Text.RegularExpressions;

namespace DmaBuf.Build;

/// <summary>The entries of DmaBufPS.psd1 that the tasks need.</summary>
internal static partial class ModuleManifest
{
    /// <summary>The module's version.</summary>
    public static string ModuleVersion() => VersionEntry().Match(Text()).Groups[1].Value;

    /// <summary>The oldest version of PowerShell in which the module runs.</summary>
    public static string PowerShellVersion() => PowerShellEntry().Match(Text()).Groups[1].Value;

    /// <summary>The names of the cmdlets that the module exports.</summary>
    public static IEnumerable<string> Cmdlets() =>
        Quoted().Matches(CmdletsEntry().Match(Text()).Value).Select(match => match.Groups[1].Value);

    private static string Text() => File.ReadAllText(Repository.At("DmaBufPS.psd1"));

    [GeneratedRegex(@"ModuleVersion\s*=\s*'([^']+)'")]
    private static partial Regex VersionEntry();

    [GeneratedRegex(@"PowerShellVersion\s*=\s*'([^']+)'")]
    private static partial Regex PowerShellEntry();

    [GeneratedRegex(@"CmdletsToExport\s*=\s*@\([^)]*\)")]
    private static partial Regex CmdletsEntry();

    [GeneratedRegex("'([^']+)'")]
    private static partial Regex Quoted();
}
