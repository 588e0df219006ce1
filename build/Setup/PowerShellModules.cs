using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>The PowerShell modules that the tasks use.</summary>
internal static class PowerShellModules
{
    public const string PlatyPS = "Microsoft.PowerShell.PlatyPS";
    public const string ScriptAnalyzer = "PSScriptAnalyzer";

    /// <summary>
    /// Pester's manifest: of the package that this repository pins or, where that cannot be had, of an installed Pester
    /// of the same major version. Null, with the reason said, where there is neither.
    /// </summary>
    public static async Task<string?> PesterAsync(CancellationToken cancellationToken)
    {
        try
        {
            var package = await DotNet.RestoreAsync("Pester", "PkgPester", cancellationToken);
            return Path.Combine(package, "tools", "Pester.psd1");
        }
        catch (BuildException failure)
        {
            var installed = await InstalledAsync("Pester", cancellationToken);
            if (installed is null)
                Report.Note($"Pester cannot be had: {failure.Message}");
            return installed;
        }
    }

    /// <summary>Where an installed module's manifest is, or null.</summary>
    public static async Task<string?> InstalledAsync(string module, CancellationToken cancellationToken)
    {
        if (Pwsh.Home is null)
            return null;
        var words = Pwsh.Script("module.ps1", "-Name", module);
        var found = await HostCommand.TryRunAsync(words[0], words[1..], null, cancellationToken);
        return found.Output.Trim() is { Length: > 0 } path ? path : null;
    }
}
