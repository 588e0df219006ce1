using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>
/// PowerShell for computers with another processor, such as emulated ones: with its own .NET, compiled ahead of time
/// for that processor, in the cache once for each version and processor.
/// </summary>
/// <param name="Processor">The processor that it runs on.</param>
/// <param name="Home">Its folder, which PowerShell calls <c>$PSHOME</c>.</param>
internal sealed record SelfContainedPowerShell(Processor Processor, string Home)
{
    /// <summary>
    /// The Debian packages of that processor with the libraries that it needs: no libicu, but libssl3, without which
    /// the first hash ends the process.
    /// </summary>
    public static IReadOnlyList<string> DebianPackages { get; } = ["libc6", "libgcc-s1", "libstdc++6", "libssl3"];

    /// <summary>The modules of PowerShell that sessions use; the others need a package gallery.</summary>
    private static readonly string[] s_modules =
    [
        "Microsoft.PowerShell.Archive", "Microsoft.PowerShell.Host", "Microsoft.PowerShell.Management",
        "Microsoft.PowerShell.Security", "Microsoft.PowerShell.ThreadJob", "Microsoft.PowerShell.Utility", "PSReadLine",
    ];

    /// <summary>
    /// Files that every process reads before its first assembly, and the library of PowerShell's own calls.
    /// </summary>
    private static readonly string[] s_firstFiles =
        ["pwsh", "pwsh.dll", "libhostfxr.so", "libhostpolicy.so", "libcoreclr.so", "libclrjit.so", "libpsl-native.so"];

    /// <summary>The program.</summary>
    public string Program => Path.Combine(Home, "pwsh");

    /// <summary>The runtime within, for which the module is compiled.</summary>
    public TargetRuntime Runtime => new(Processor, Home);

    /// <summary>Returns it from the cache, or makes it; on failure, reports why and returns null.</summary>
    public static async Task<SelfContainedPowerShell?> GetAsync(
        Processor processor, CancellationToken cancellationToken)
    {
        var name = PowerShellTool.NameFor(processor) + "-self-contained";
        try
        {
            return new SelfContainedPowerShell(processor, await CacheFolder.GetOrAddAsync(
                name, folder => FillAsync(processor, folder, cancellationToken), cancellationToken));
        }
        catch (Exception failure)
            when (failure is BuildException or LabException or IOException or UnauthorizedAccessException)
        {
            Report.Note($"Cannot get PowerShell for {processor.Name}: {failure.Message}");
            return null;
        }
    }

    /// <summary>
    /// Lists the files that a session with the module reads, by what a session of this computer's PowerShell reads and
    /// what the module refers to. Where there is no such session, lists all files, which take more memory.
    /// </summary>
    /// <param name="ownFiles">The files that a session here reads, of PowerShell and of its .NET.</param>
    public string[] SessionFiles(IReadOnlyCollection<string> ownFiles)
    {
        var names = ownFiles.Select(Path.GetFileName)
            .Concat(s_firstFiles)
            .Concat(BuildTask.Assemblies.SelectMany(ModuleAssembly.References))
            .ToHashSet();
        return [.. Directory.EnumerateFiles(Home, "*", SearchOption.AllDirectories).Where(IsRead)];

        // The folder "ref" has assemblies of the same names, which only Add-Type reads.
        bool IsRead(string file) =>
            Path.GetExtension(file) is ".json" or ".psd1" or ".psm1"
            || (names.Contains(Path.GetFileName(file)) && Path.GetFileName(Path.GetDirectoryName(file)) != "ref")
            || (ownFiles.Count == 0 && Path.GetDirectoryName(file) == Home);
    }

    private static async Task FillAsync(Processor processor, string folder, CancellationToken cancellationToken)
    {
        Report.Note($"making PowerShell for {processor.Name}, once");
        // The registry has the modules only in the tool's package.
        var tool = await PowerShellTool.RestoreAsync(cancellationToken)
            ?? throw new BuildException("it needs the modules of the .NET tool.");
        var published = Repository.At("out", "build", processor.Name, "pwsh");
        // What an interrupted run left may be of another version.
        if (Directory.Exists(published))
            Directory.Delete(published, recursive: true);
        string[] words =
        [
            "publish", Repository.At("build", "Packages", "PowerShell"), "--configuration", "Release",
            "--output", published, "--nologo", "--verbosity", "quiet",
            $"-property:TargetProcessor={processor.Name}", $"-property:RuntimeVersion={DotNet.Version}",
        ];
        var publish = await DotNet.RunAsync(words, Repository.Root, cancellationToken);
        if (publish.ExitCode != 0)
            throw new BuildException(DotNet.FirstError(publish.Output + publish.Error));
        CopyFolder(published, folder);
        // Modules of other systems, and some of those that the tool has.
        Directory.Delete(Path.Combine(folder, "runtimes"), recursive: true);
        // It names every file, and .NET does not start when one is missing. Without it, a guest need not hold them all.
        File.Delete(Path.Combine(folder, "pwsh.deps.json"));
        foreach (var module in s_modules)
            CopyFolder(Path.Combine(tool, "Modules", module), Path.Combine(folder, "Modules", module));
        await PowerShellTool.CompileAsync(
            published, folder, new TargetRuntime(processor, published), cancellationToken);
        Directory.Delete(published, recursive: true);
    }

    private static void CopyFolder(string source, string target)
    {
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(target, Path.GetRelativePath(source, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }
}
