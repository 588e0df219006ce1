using System.Runtime.InteropServices;
using System.Text.Json;
using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>
/// PowerShell as the .NET tool of .config/dotnet-tools.json. The package has plain IL, which starts in twice the time;
/// a copy in the cache is compiled ahead of time, once for each version of PowerShell and of .NET.
/// </summary>
internal static class PowerShellTool
{
    /// <summary>What every session loads and is compiled ahead of time.</summary>
    private static readonly string[] s_assemblies =
    [
        "System.Management.Automation", "Microsoft.PowerShell.ConsoleHost", "Microsoft.PowerShell.Commands.Utility",
        "Microsoft.PowerShell.Commands.Management", "Microsoft.PowerShell.Security", "pwsh", "Newtonsoft.Json",
        "Microsoft.ApplicationInsights",
    ];

    private static readonly string s_manifest = Repository.At(".config", "dotnet-tools.json");

    /// <summary>The version that the repository pins.</summary>
    private static string Version()
    {
        using var manifest = JsonDocument.Parse(File.ReadAllText(s_manifest));
        return manifest.RootElement.GetProperty("tools").GetProperty("powershell").GetProperty("version").GetString()!;
    }

    /// <summary>The folder of the tool's PowerShell; null, with the reason said, where it cannot be had.</summary>
    public static async Task<string?> GetAsync(CancellationToken cancellationToken)
    {
        var version = Version();
        var processor = RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant();
        string? restored = null;
        try
        {
            return await CacheFolder.GetOrAddAsync(
                $"powershell/{version}-net{DotNet.Version}-{processor}",
                async folder =>
                {
                    restored = await RestoreAsync(version, cancellationToken);
                    if (restored is not null)
                        await FillAsync(restored, folder, version, cancellationToken);
                    else
                        throw new BuildException(string.Empty);
                },
                cancellationToken);
        }
        catch (Exception failure)
            when (failure is BuildException or LabException or IOException or UnauthorizedAccessException)
        {
            if (restored is null && failure is not BuildException)
                restored = await RestoreAsync(version, cancellationToken);
            if (restored is not null)
                Report.Note($"PowerShell {version} is used as it comes, which takes twice the time: {failure.Message}");
            return restored;
        }
    }

    private static async Task<string?> RestoreAsync(string version, CancellationToken cancellationToken)
    {
        Report.Note($"getting PowerShell {version}, a .NET tool");
        var restore = await HostCommand.TryRunAsync(
            DotNet.Program, ["tool", "restore", "--tool-manifest", s_manifest], Repository.Root, cancellationToken);
        var home = restore.ExitCode != 0 ? restore : await HostCommand.TryRunAsync(
            DotNet.Program,
            ["tool", "run", "pwsh", "--", "-NoProfile", "-NonInteractive", "-Command", "$PSHOME"],
            Repository.Root,
            cancellationToken);
        if (home.ExitCode == 0)
            return home.Output.Trim();
        Report.Note($"PowerShell {version} cannot be had: {DotNet.FirstError(home.Output + home.Error)}");
        return null;
    }

    private static async Task FillAsync(
        string tool, string folder, string version, CancellationToken cancellationToken)
    {
        var crossgen = await DotNet.RestoreAsync(
            "Crossgen", "Program", cancellationToken, "-property:RuntimeVersion=" + DotNet.Version);
        Report.Note($"compiling PowerShell {version} ahead of time, once");
        Copy(tool, folder);
        await Parallel.ForEachAsync(s_assemblies, cancellationToken, async (assembly, stop) =>
        {
            var source = Path.Combine(tool, assembly + ".dll");
            var target = Path.Combine(folder, assembly + ".dll");
            string[] words =
            [
                source, "-o", target, "-r", $"{DotNet.Framework}/*.dll", "-r", $"{tool}/*.dll", "-O",
                "--targetos", "linux", "--targetarch", RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant(),
            ];
            await HostCommand.RunAsync(crossgen, words, null, stop);
        });
    }

    /// <summary>Copies what this kind of system uses.</summary>
    private static void Copy(string source, string target)
    {
        Directory.CreateDirectory(target);
        foreach (var file in Directory.EnumerateFiles(source))
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        foreach (var folder in Directory.EnumerateDirectories(source).Where(IsForLinux))
            Copy(folder, Path.Combine(target, Path.GetFileName(folder)));

        static bool IsForLinux(string folder) =>
            Path.GetFileName(Path.GetDirectoryName(folder)) != "runtimes"
            || Path.GetFileName(folder).StartsWith("linux", StringComparison.Ordinal)
            || Path.GetFileName(folder) == "unix";
    }
}
