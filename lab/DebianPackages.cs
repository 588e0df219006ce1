using System.Text.RegularExpressions;

namespace DmaBuf.Lab;

/// <summary>Fetches Debian packages and unpacks them, without installing them and without root.</summary>
public static class DebianPackages
{
    /// <summary>
    /// Returns the name that matches the pattern and contains the highest version, or null. Packages that are no longer
    /// available for download do not count.
    /// </summary>
    public static async Task<string?> FindNewestAsync(
        MachineArchitecture architecture, string prefix, Regex pattern, CancellationToken cancellationToken = default)
    {
        var options = await AptSource.OptionsAsync(architecture, cancellationToken);
        var names = await HostCommand.TryRunAsync(
            "apt-cache", [.. options, "pkgnames", prefix], null, cancellationToken);
        foreach (var name in ByVersion(names.Output.Split('\n').Where(name => pattern.IsMatch(name))))
        {
            if (await VersionAsync(architecture, name, cancellationToken) is not null)
                return name;
        }

        return null;
    }

    /// <summary>Orders names by the numbers in them, the highest first.</summary>
    public static IEnumerable<string> ByVersion(IEnumerable<string> names) =>
        names.OrderByDescending(name => Regex.Replace(name, "[0-9]+", digits => digits.Value.PadLeft(8, '0')),
            StringComparer.Ordinal);

    /// <summary>Returns the version that apt would download, or null when it offers none.</summary>
    public static async Task<string?> VersionAsync(
        MachineArchitecture architecture, string package, CancellationToken cancellationToken = default)
    {
        var options = await AptSource.OptionsAsync(architecture, cancellationToken);
        var show = await HostCommand.TryRunAsync(
            "apt-cache", [.. options, "show", "--no-all-versions", package], null, cancellationToken);
        var version = Regex.Match(show.Output, "^Version: (.+)$", RegexOptions.Multiline);
        return version.Success ? version.Groups[1].Value : null;
    }

    /// <summary>Downloads packages and unpacks them into a folder, which takes the place of the root.</summary>
    public static async Task UnpackAsync(
        MachineArchitecture architecture,
        IReadOnlyCollection<string> packages,
        string folder,
        CancellationToken cancellationToken = default)
    {
        var options = await AptSource.OptionsAsync(architecture, cancellationToken);
        var download = Directory.CreateTempSubdirectory("dmabufps-apt-").FullName;
        try
        {
            await AptSource.RunAsync([.. options, "-q", "download", .. packages], download, cancellationToken);
            foreach (var file in Directory.EnumerateFiles(download, "*.deb"))
                await HostCommand.RunAsync("dpkg", ["-x", file, folder], null, cancellationToken);
        }
        finally
        {
            Directory.Delete(download, recursive: true);
        }
    }
}
