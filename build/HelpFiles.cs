using System.Security.Cryptography;

namespace DmaBuf.Build;

/// <summary>Makes the module's help from the pages in docs/help.</summary>
internal static class HelpFiles
{
    private static readonly string s_pages = Repository.At("docs", "help");
    private static readonly string s_help = Path.Combine(Repository.Module, "en-US");

    /// <summary>Brings the module's help up to date with the pages.</summary>
    public static async Task UpdateAsync(CancellationToken cancellationToken)
    {
        string[] pages = Directory.Exists(s_pages) ? Directory.GetFiles(s_pages, "*.md") : [];
        if (pages.Length == 0)
            return;
        Directory.CreateDirectory(s_help);
        foreach (string topic in Directory.GetFiles(s_pages, "about_*.md"))
        {
            string name = Path.GetFileNameWithoutExtension(topic) + ".help.txt";
            File.Copy(topic, Path.Combine(s_help, name), overwrite: true);
        }

        // Starting PowerShell takes long enough to skip it for pages that have not changed.
        string stamp = Path.Combine(Repository.Out, "build", "help.stamp");
        string state = StateOf(pages);
        if (File.Exists(stamp) && Directory.GetFiles(s_help, "*-Help.xml").Length > 0
            && await File.ReadAllTextAsync(stamp, cancellationToken) == state)
            return;
        await Pwsh.EnsureAsync(cancellationToken);
        if (await PowerShellModules.InstalledAsync(PowerShellModules.PlatyPS, cancellationToken) is null)
        {
            Report.LeaveOut($"the help of the cmdlets ({Pwsh.WantOf(PowerShellModules.PlatyPS)})");
            return;
        }

        if (await Child.RunAsync(Pwsh.Script("help.ps1", "-Pages", s_pages, "-Output", s_help), cancellationToken) != 0)
            throw new BuildException("The help could not be made from docs/help.");
        await File.WriteAllTextAsync(stamp, state, cancellationToken);
    }

    /// <summary>The cmdlets of the module's manifest that have no page.</summary>
    public static string[] CmdletsWithoutPage() =>
        [.. ModuleManifest.Cmdlets().Where(cmdlet => !File.Exists(Path.Combine(s_pages, cmdlet + ".md")))];

    private static string StateOf(string[] pages)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string page in pages.Order(StringComparer.Ordinal))
            hash.AppendData(File.ReadAllBytes(page));
        return Convert.ToHexString(hash.GetCurrentHash());
    }
}
