using System.Text.Json;
using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>
/// PowerShell as the .NET tool of .config/dotnet-tools.json. The package contains plain IL, which takes twice as long
/// to start; so the cache holds a copy that is compiled ahead of time, once for each version of PowerShell and of .NET.
/// </summary>
internal static class PowerShellTool
{
    /// <summary>The assemblies that every session loads; they are compiled ahead of time.</summary>
    private static readonly string[] s_assemblies =
    [
        "System.Management.Automation", "Microsoft.PowerShell.ConsoleHost", "Microsoft.PowerShell.Commands.Utility",
        "Microsoft.PowerShell.Commands.Management", "Microsoft.PowerShell.Security", "pwsh", "Newtonsoft.Json",
        "Microsoft.ApplicationInsights",
    ];

    private static readonly string s_manifest = Repository.At(".config", "dotnet-tools.json");

    private static readonly string s_version = PinnedVersion();

    private static readonly string s_name = NameFor(Processor.Own);

    /// <summary>The compiled copy of one of PowerShell's assemblies; null where there is none.</summary>
    public static string? Compiled(string file) =>
        IsCompiled(Pwsh.Home) && s_assemblies.Any(assembly => file == assembly + ".dll")
            ? Path.Combine(Pwsh.Home!, file)
            : null;

    /// <summary>Whether a folder holds the tool compiled ahead of time.</summary>
    public static bool IsCompiled(string? home) => home == Path.Combine(CacheFolder.Root, s_name);

    /// <summary>The name of the cache's folder with this PowerShell, compiled for a processor.</summary>
    public static string NameFor(Processor processor) =>
        $"powershell/{s_version}-net{DotNet.Version}-{processor.Name}";

    /// <summary>Compiles the assemblies that every session loads from a folder of PowerShell's to another.</summary>
    public static Task CompileAsync(
        string source, string target, TargetRuntime runtime, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(s_assemblies, cancellationToken, async (assembly, stop) =>
        {
            var file = assembly + ".dll";
            await AheadOfTime.CompileAsync(
                Path.Combine(source, file), Path.Combine(target, file), runtime, [source], stop);
        });

    /// <summary>Returns the folder of the tool's PowerShell; on failure, reports why and returns null.</summary>
    public static async Task<string?> GetAsync(CancellationToken cancellationToken)
    {
        var compiled = Path.Combine(CacheFolder.Root, s_name);
        if (Directory.Exists(compiled))
            return compiled;
        Report.Note($"getting PowerShell {s_version}, a .NET tool");
        var tool = await RestoreAsync(cancellationToken);
        if (tool is null)
            return null;
        try
        {
            return await CacheFolder.GetOrAddAsync(
                s_name, folder => CompileAsync(tool, folder, cancellationToken), cancellationToken);
        }
        catch (Exception failure)
            when (failure is BuildException or LabException or IOException or UnauthorizedAccessException)
        {
            Report.Note($"Using PowerShell {s_version} without compiling it ahead of time, so it takes twice as long to"
                + $" start: {failure.Message}");
            return tool;
        }
    }

    /// <summary>Returns the folder of the original tool; on failure, reports why and returns null.</summary>
    public static async Task<string?> RestoreAsync(CancellationToken cancellationToken)
    {
        var home = await DotNet.RunAsync(
            ["tool", "restore", "--tool-manifest", s_manifest], Repository.Root, cancellationToken);
        if (home.ExitCode == 0)
        {
            string[] words = ["tool", "run", "pwsh", "--", "-NoProfile", "-NonInteractive", "-Command", "$PSHOME"];
            home = await DotNet.RunAsync(words, Repository.Root, cancellationToken);
        }

        if (home.ExitCode == 0)
            return home.Output.Trim();
        Report.Note($"Cannot get PowerShell {s_version}: {DotNet.FirstError(home.Output + home.Error)}");
        return null;
    }

    private static string PinnedVersion()
    {
        using var manifest = JsonDocument.Parse(File.ReadAllText(s_manifest));
        return manifest.RootElement.GetProperty("tools").GetProperty("powershell").GetProperty("version").GetString()!;
    }

    private static async Task CompileAsync(string tool, string folder, CancellationToken cancellationToken)
    {
        Report.Note($"compiling PowerShell {s_version} ahead of time, once");
        Copy(tool, folder);
        AddProgram(folder);
        await CompileAsync(tool, folder, TargetRuntime.Own, cancellationToken);
    }

    /// <summary>
    /// Jobs start $PSHOME/pwsh. Where the package's executable is for another processor, a script replaces it.
    /// </summary>
    private static void AddProgram(string folder)
    {
        var program = Path.Combine(folder, "pwsh");
        if (DotNet.CanRun(program))
            return;
        File.WriteAllText(program, "#!/bin/sh\nexec dotnet \"${0%/*}/pwsh.dll\" \"$@\"\n");
        File.SetUnixFileMode(program, File.GetUnixFileMode(Path.Combine(folder, "pwsh.dll"))
            | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
    }

    /// <summary>Copies the files that Linux uses.</summary>
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
