namespace DmaBuf.Build;

/// <summary>The PowerShell modules that the tasks use: found on this computer, or fetched from the gallery.</summary>
internal static class PowerShellModules
{
    public const string Pester = "Pester";
    public const string PlatyPS = "Microsoft.PowerShell.PlatyPS";
    public const string ScriptAnalyzer = "PSScriptAnalyzer";

    /// <summary>The versions to fetch; one that is here already may differ behind the first number.</summary>
    private static readonly Dictionary<string, string> s_versions = new()
    {
        [Pester] = "5.7.1",
        [PlatyPS] = "1.0.1",
        [ScriptAnalyzer] = "1.24.0",
    };

    private static readonly string s_fetched = Path.Combine(Repository.Out, "modules");

    /// <summary>Whether the module can be imported by the PowerShell that the tasks start.</summary>
    public static async Task<bool> EnsureAsync(string module, CancellationToken cancellationToken)
    {
        if (Pwsh.Command is null)
            return false;
        AddFetchedToPath();
        Directory.CreateDirectory(s_fetched);
        return await Child.RunAsync(
            Pwsh.Script("module.ps1", "-Name", module, "-Version", s_versions[module], "-Folder", s_fetched),
            cancellationToken) == 0;
    }

    private static void AddFetchedToPath()
    {
        string path = Environment.GetEnvironmentVariable("PSModulePath") ?? string.Empty;
        if (!path.Split(':').Contains(s_fetched))
            Environment.SetEnvironmentVariable("PSModulePath", path.Length == 0 ? s_fetched : $"{s_fetched}:{path}");
    }
}
