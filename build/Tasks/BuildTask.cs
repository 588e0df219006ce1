using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>
/// Compiles everything; puts the importable module in out/DmaBufPS and the peer in out/dmabuf-peer. With -Arch, also
/// makes the peer and the module for a computer with another processor, in a folder of that name in out, and PowerShell
/// in the cache.
/// </summary>
internal static class BuildTask
{
    private static readonly string s_stamp = Repository.At("out", "built");

    /// <summary>The module's assemblies as the C# compiler made them, which run on any processor.</summary>
    public static string[] Assemblies { get; } =
        [.. new[] { "DmaBufPS.dll", "DmaBuf.dll" }.Select(file => Path.Combine(Repository.Binaries("DmaBufPS"), file))];

    /// <summary>The folders of the assemblies that one of the module's assemblies uses, beside the runtime's.</summary>
    public static string[] References(string assembly) =>
        [Path.GetDirectoryName(assembly)!, Repository.PowerShellReference];

    public static async Task<int> RunAsync(TaskArguments arguments, CancellationToken cancellationToken)
    {
        var processor = Processor.Parse(arguments.TakeOption("Arch"));
        arguments.Finish();
        await BuildAsync(cancellationToken);
        Report.Line($"The module is in {Repository.Module}.");
        var isComplete = processor.IsOwn || await BuildForAsync(processor, cancellationToken);
        Report.LeftOut();
        return isComplete ? 0 : 1;
    }

    /// <summary>Builds if a source is newer than the last successful build.</summary>
    public static async Task EnsureBuiltAsync(CancellationToken cancellationToken)
    {
        using var held = await LockAsync(cancellationToken);
        if (!File.Exists(s_stamp) || NewestSource() > File.GetLastWriteTimeUtc(s_stamp))
            await CompileAsync(cancellationToken);
    }

    /// <summary>Builds, for this task and for others that start with it.</summary>
    public static async Task BuildAsync(CancellationToken cancellationToken)
    {
        using var held = await LockAsync(cancellationToken);
        await CompileAsync(cancellationToken);
    }

    /// <summary>Makes what runs on another processor; returns whether it could make all of it.</summary>
    private static async Task<bool> BuildForAsync(Processor processor, CancellationToken cancellationToken)
    {
        var hasPeer = await PeerProgram.UpdateAsync(processor, cancellationToken);
        if (hasPeer)
            Report.Line($"dmabuf-peer for {processor.Name} is {PeerProgram.PathFor(processor)}.");
        if (await SelfContainedPowerShell.GetAsync(processor, cancellationToken) is not { } powerShell)
        {
            Report.LeaveOut($"PowerShell for {processor.Name}");
            return false;
        }

        var modules = await ModuleCopy.UpdateAsync(powerShell.Runtime, cancellationToken);
        Report.Line($"PowerShell for {processor.Name} is {powerShell.Program}; its module is in {modules}.");
        return hasPeer;
    }

    /// <summary>Allows one build at a time, because all of them write the same files.</summary>
    private static Task<IDisposable> LockAsync(CancellationToken cancellationToken) =>
        FileLock.AcquireAsync(Repository.At("out", "build", "build.lock"), cancellationToken);

    private static async Task CompileAsync(CancellationToken cancellationToken)
    {
        var start = DateTime.UtcNow;
        var compiler = await HostCommand.TryRunAsync(
            DotNet.Program,
            ["build", Repository.At("DmaBufPS.sln"), "--configuration", "Release", "--nologo", "--verbosity", "quiet"],
            cancellationToken: cancellationToken);
        if (compiler.Output.Contains("NU1301", StringComparison.Ordinal))
            throw new BuildException(
                "NuGet cannot reach its registry, and its cache lacks packages that this solution needs.");
        if (compiler.ExitCode != 0)
            throw new BuildException($"{compiler.Output}{compiler.Error}The build failed.");
        await LayOutAsync(cancellationToken);
        await PeerProgram.UpdateAsync(cancellationToken);
        HelpFiles.Update();
        await File.WriteAllTextAsync(s_stamp, string.Empty, cancellationToken);
        File.SetLastWriteTimeUtc(s_stamp, start);
    }

    private static DateTime NewestSource() =>
        Directory.EnumerateFiles(Repository.Root)
            .Concat(Directory.EnumerateFiles(Repository.At("src"), "*", SearchOption.AllDirectories))
            .Concat(Directory.EnumerateFiles(Repository.At("docs"), "*", SearchOption.AllDirectories))
            .Concat(Directory.EnumerateFiles(Repository.At("build", "Help")))
            .Max(File.GetLastWriteTimeUtc);

    private static async Task LayOutAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Repository.Module);
        foreach (var assembly in Assemblies)
        {
            var target = Path.Combine(Repository.Module, Path.GetFileName(assembly));
            await AheadOfTime.UpdateAsync(
                assembly, target, TargetRuntime.Own, References(assembly), cancellationToken);
        }

        string[] files =
        [
            Repository.At("DmaBufPS.psd1"), .. Directory.EnumerateFiles(Repository.At("src", "DmaBufPS"), "*.ps1xml"),
        ];
        foreach (var file in files)
            AtomicFile.Copy(file, Path.Combine(Repository.Module, Path.GetFileName(file)));
        // A folder for PSModulePath that contains nothing else, so that PowerShell has nothing else to search.
        var link = Path.Combine(Directory.CreateDirectory(Repository.Modules).FullName, "DmaBufPS");
        if (!Directory.Exists(link))
            Directory.CreateSymbolicLink(link, "../DmaBufPS");
    }
}
