using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>The PowerShell modules that the tasks use.</summary>
internal static class PowerShellModules
{
    public const string PlatyPS = "Microsoft.PowerShell.PlatyPS";
    public const string ScriptAnalyzer = "PSScriptAnalyzer";

    /// <summary>
    /// Returns the path of Pester's manifest: that of the pinned package or, where the package is not available, of an
    /// installed Pester of the same major version. Where there is neither, reports why and returns null.
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
                Report.Note($"Cannot get Pester: {failure.Message}");
            return installed;
        }
    }

    /// <summary>Returns the path of an installed module's manifest, or null.</summary>
    public static async Task<string?> InstalledAsync(string module, CancellationToken cancellationToken)
    {
        if (Pwsh.Home is null)
            return null;
        var words = Pwsh.Script("module.ps1", "-Name", module);
        var found = await HostCommand.TryRunAsync(words[0], words[1..], null, cancellationToken);
        return found.Output.Trim() is { Length: > 0 } path ? path : null;
    }
}
