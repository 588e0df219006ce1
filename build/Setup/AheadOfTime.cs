using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>
/// Compiles assemblies ahead of time with crossgen2, so that the runtime need not compile them in each process. On an
/// emulated processor that is most of what a first call costs. The result is for one processor only.
/// </summary>
internal static class AheadOfTime
{
    private static readonly Lazy<Task<string>> s_compiler = new(() => DotNet.RestoreAsync(
        "Crossgen", "Program", CancellationToken.None, "-property:RuntimeVersion=" + DotNet.Version));

    /// <summary>Compiles one assembly.</summary>
    /// <param name="source">The assembly as the C# compiler made it.</param>
    /// <param name="target">The file to write.</param>
    /// <param name="runtime">The runtime that will load it.</param>
    /// <param name="references">Folders of the assemblies that it uses, beside the runtime's.</param>
    /// <param name="cancellationToken">Ends the compiler.</param>
    /// <exception cref="BuildException">The registry has no crossgen2 for this runtime and processor.</exception>
    /// <exception cref="LabException">crossgen2 failed.</exception>
    public static async Task CompileAsync(
        string source, string target, TargetRuntime runtime, string[] references, CancellationToken cancellationToken)
    {
        var compiler = await s_compiler.Value.WaitAsync(cancellationToken);
        string[] words =
        [
            source, "-o", target,
            .. references.Prepend(runtime.Framework).SelectMany(folder => new[] { "-r", $"{folder}/*.dll" }),
            "-O", "--targetos", "linux", "--targetarch", runtime.Processor.Name,
        ];
        await HostCommand.RunAsync(compiler, words, null, cancellationToken);
    }

    /// <summary>
    /// Replaces a file with a compiled copy of an assembly, if the assembly is newer. Where it cannot be compiled,
    /// reports why and copies it as it is.
    /// </summary>
    /// <inheritdoc cref="CompileAsync"/>
    public static async Task UpdateAsync(
        string source, string target, TargetRuntime runtime, string[] references, CancellationToken cancellationToken)
    {
        if (File.Exists(target) && File.GetLastWriteTimeUtc(target) >= File.GetLastWriteTimeUtc(source))
            return;
        var partial = target + ".new";
        try
        {
            await CompileAsync(source, partial, runtime, references, cancellationToken);
        }
        catch (Exception failure) when (failure is BuildException or LabException)
        {
            Report.Note($"{Path.GetFileName(source)} is not compiled ahead of time: {failure.Message}");
            File.Copy(source, partial, overwrite: true);
            // Older than the source, so that the next run tries again.
            File.SetLastWriteTimeUtc(partial, File.GetLastWriteTimeUtc(source).AddSeconds(-1));
        }

        File.Move(partial, target, overwrite: true);
    }
}
