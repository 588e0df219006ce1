using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>
/// Compiles everything and lays out the importable module in out/DmaBufPS and the peer, out/dmabuf-peer.
/// </summary>
internal static class BuildTask
{
    private static readonly string s_stamp = Repository.At("out", "built");

    public static async Task<int> RunAsync(TaskArguments arguments, CancellationToken cancellationToken)
    {
        arguments.Finish();
        await BuildAsync(cancellationToken);
        Report.Line($"The module is in {Repository.Module}.");
        Report.LeftOut();
        return 0;
    }

    /// <summary>Does the task's work, unless no source is newer than its last success.</summary>
    public static async Task EnsureBuiltAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(s_stamp) || NewestSource() > File.GetLastWriteTimeUtc(s_stamp))
            await BuildAsync(cancellationToken);
    }

    /// <summary>Does the task's work for the tasks that start with it.</summary>
    public static async Task BuildAsync(CancellationToken cancellationToken)
    {
        var start = DateTime.UtcNow;
        var compiler = await HostCommand.TryRunAsync(
            "dotnet",
            ["build", Repository.At("DmaBufPS.sln"), "--configuration", "Release", "--nologo", "--verbosity", "quiet"],
            cancellationToken: cancellationToken);
        if (compiler.ExitCode != 0)
            throw new BuildException($"{compiler.Output}{compiler.Error}The build failed.");
        LayOut();
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

    private static void LayOut()
    {
        Directory.CreateDirectory(Repository.Module);
        var binaries = Repository.Binaries("DmaBufPS");
        string[] files =
        [
            Repository.At("DmaBufPS.psd1"),
            Path.Combine(binaries, "DmaBufPS.dll"),
            Path.Combine(binaries, "DmaBuf.dll"),
            .. Directory.EnumerateFiles(Repository.At("src", "DmaBufPS"), "*.ps1xml"),
        ];
        foreach (var file in files)
            Update(file, Path.Combine(Repository.Module, Path.GetFileName(file)));
    }

    /// <summary>Replaces rather than overwrites: a PowerShell that has the old file loaded keeps it whole.</summary>
    private static void Update(string source, string target)
    {
        if (File.Exists(target) && File.ReadAllBytes(source).AsSpan().SequenceEqual(File.ReadAllBytes(target)))
            return;
        File.Copy(source, target + ".new", overwrite: true);
        File.Move(target + ".new", target, overwrite: true);
    }
}
