using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>Makes out/dmabuf-peer, the native program for domains without PowerShell.</summary>
internal static class PeerProgram
{
    private static readonly string[] s_projects = ["DmaBuf", "DmaBuf.Peer"];

    /// <summary>The program's path.</summary>
    public static string Path { get; } = Repository.At("out", "dmabuf-peer");

    /// <summary>Compiles the program where its sources are newer; leaves it out where there is no linker.</summary>
    public static async Task UpdateAsync(CancellationToken cancellationToken)
    {
        if (File.Exists(Path) && File.GetLastWriteTimeUtc(Path) > NewestSource())
            return;
        if (!await DebianSetup.EnsureAsync("dmabuf-peer", DebianSetup.Linker, cancellationToken))
        {
            Report.LeaveOut("dmabuf-peer (no linker here)");
            return;
        }

        string folder = Repository.At("out", "build", "peer");
        HostResult compiler = await HostCommand.TryRunAsync(
            "dotnet",
            [
                "publish", Repository.At("src", "DmaBuf.Peer"), "--configuration", "Release", "--output", folder,
                "--nologo", "--verbosity", "quiet",
            ],
            cancellationToken: cancellationToken);
        if (compiler.ExitCode != 0)
            throw new BuildException($"{compiler.Output}{compiler.Error}dmabuf-peer could not be compiled.");
        File.Copy(System.IO.Path.Combine(folder, "dmabuf-peer"), Path + ".new", overwrite: true);
        File.Move(Path + ".new", Path, overwrite: true);
        File.SetLastWriteTimeUtc(Path, DateTime.UtcNow);
    }

    private static DateTime NewestSource() =>
        s_projects
            .SelectMany(project => Directory.EnumerateFiles(Repository.At("src", project), "*.cs*", SearchOption.AllDirectories))
            .Max(File.GetLastWriteTimeUtc);
}
