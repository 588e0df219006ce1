using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>A program of this repository that is compiled to native code and placed in out.</summary>
/// <param name="Name">The program's name.</param>
/// <param name="Sources">The folders of its projects, relative to the top folder; the program's own comes last.</param>
internal sealed record NativeProgram(string Name, params string[] Sources)
{
    /// <summary>The program's path.</summary>
    public string Path { get; } = Repository.At("out", Name);

    /// <summary>
    /// Compiles the program if a source is newer. Where there is no linker, reports it as left out and returns false.
    /// </summary>
    public async Task<bool> UpdateAsync(CancellationToken cancellationToken)
    {
        if (File.Exists(Path) && File.GetLastWriteTimeUtc(Path) > NewestSource())
            return true;
        if (!await DebianSetup.EnsureAsync(Name, DebianSetup.Linker, cancellationToken))
        {
            Report.LeaveOut($"{Name} (no linker here)");
            return false;
        }

        var folder = Repository.At("out", "build", Name);
        var compiler = await HostCommand.TryRunAsync(
            DotNet.Program,
            [
                "publish", Repository.At(Sources[^1]), "--configuration", "Release", "--output", folder,
                "--nologo", "--verbosity", "quiet",
            ],
            cancellationToken: cancellationToken);
        if (compiler.ExitCode != 0)
            throw new BuildException($"{compiler.Output}{compiler.Error}{Name} could not be compiled.");
        AtomicFile.Copy(System.IO.Path.Combine(folder, Name), Path);
        File.SetLastWriteTimeUtc(Path, DateTime.UtcNow);
        return true;
    }

    private DateTime NewestSource() =>
        Sources
            .SelectMany(folder => Directory.EnumerateFiles(Repository.At(folder), "*.cs*", SearchOption.AllDirectories))
            .Max(File.GetLastWriteTimeUtc);
}
