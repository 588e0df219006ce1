using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>
/// A program of this repository that is compiled to native code and placed in out, or in out/arm64 for a computer with
/// another processor.
/// </summary>
/// <param name="Name">The program's name.</param>
/// <param name="Sources">The folders of its projects, relative to the top folder; the program's own comes last.</param>
internal sealed record NativeProgram(string Name, params string[] Sources)
{
    /// <summary>The program's path.</summary>
    public string Path => PathFor(Processor.Own);

    /// <summary>The path of the program for a processor.</summary>
    public string PathFor(Processor processor) => System.IO.Path.Combine(processor.OutFolder, Name);

    /// <inheritdoc cref="UpdateAsync(Processor, CancellationToken)"/>
    public Task<bool> UpdateAsync(CancellationToken cancellationToken) => UpdateAsync(Processor.Own, cancellationToken);

    /// <summary>
    /// Compiles the program if it is missing or a source is newer. Removes an older program first, so that nothing uses
    /// it by mistake. Where the linker or a package is missing, reports the program as left out and returns false.
    /// </summary>
    public async Task<bool> UpdateAsync(Processor processor, CancellationToken cancellationToken)
    {
        var path = PathFor(processor);
        if (File.Exists(path))
        {
            if (File.GetLastWriteTimeUtc(path) > NewestSource())
                return true;
            File.Delete(path);
        }

        var label = processor.IsOwn ? Name : $"{Name} for {processor.Name}";
        if (!await DebianSetup.EnsureAsync(label, DebianSetup.LinkerFor(processor), cancellationToken))
        {
            Report.LeaveOut($"{label} (no linker here)");
            return false;
        }

        var folder = Repository.At("out", "build", processor.IsOwn ? "" : processor.Name, Name);
        string[] words =
        [
            "publish", Repository.At(Sources[^1]), "--configuration", "Release", "--output", folder,
            "--nologo", "--verbosity", "quiet", .. SettingsFor(processor),
        ];
        var compiler = await HostCommand.TryRunAsync(DotNet.Program, words, cancellationToken: cancellationToken);
        if (compiler.ExitCode != 0)
        {
            var text = $"{compiler.Output}{compiler.Error}{label} could not be compiled.";
            if (!DotNet.LacksPackage(text))
                throw new BuildException(text);
            Report.LeaveOut($"{label} ({DotNet.FirstError(text)})");
            return false;
        }

        Directory.CreateDirectory(processor.OutFolder);
        AtomicFile.Copy(System.IO.Path.Combine(folder, Name), path);
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow);
        return true;
    }

    /// <summary>
    /// What build/Native.props needs for another processor. Its intermediate files have their own folder, because they
    /// have the names of this computer's.
    /// </summary>
    private static string[] SettingsFor(Processor processor) =>
        processor.IsOwn
            ? []
            :
            [
                $"-property:NativeProcessor={processor.Name}",
                $"-property:NativeCompilers={processor.Machine.CompilerPrefix}",
                $"-property:ArtifactsPath={Repository.At("out", "build", processor.Name)}",
            ];

    private DateTime NewestSource() =>
        Sources
            .SelectMany(folder => Directory.EnumerateFiles(Repository.At(folder), "*.cs*", SearchOption.AllDirectories))
            .Append(Repository.At("build", "Native.props"))
            .Max(File.GetLastWriteTimeUtc);
}
