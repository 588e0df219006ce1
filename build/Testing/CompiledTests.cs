namespace DmaBuf.Build;

/// <summary>
/// Test programs for an emulated processor: the assemblies that matter are compiled ahead of time, and links lead to
/// all other files.
/// </summary>
internal static class CompiledTests
{
    private static readonly SemaphoreSlim s_one = new(1);

    /// <summary>The folder of a project's files.</summary>
    public static string Folder(string project) => Repository.At("out", "build", "compiled", project);

    /// <summary>Brings a project's folder up to date, for one caller at a time.</summary>
    public static async Task UpdateAsync(string project, CancellationToken cancellationToken)
    {
        var binaries = Repository.Binaries(project);
        string[] references = [binaries, Repository.PowerShellReference];
        await s_one.WaitAsync(cancellationToken);
        try
        {
            await UpdateAsync(binaries, Folder(project), references, cancellationToken);
        }
        finally
        {
            s_one.Release();
        }
    }

    private static async Task UpdateAsync(
        string source, string target, string[] references, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(target);
        foreach (var folder in Directory.EnumerateDirectories(source))
        {
            var link = Path.Combine(target, Path.GetFileName(folder));
            if (HasAssemblyOfPowerShell(folder))
                await UpdateAsync(folder, link, references, cancellationToken);
            else if (!Directory.Exists(link))
                Directory.CreateSymbolicLink(link, folder);
        }

        await Parallel.ForEachAsync(Directory.EnumerateFiles(source), cancellationToken, async (file, stop) =>
        {
            var copy = Path.Combine(target, Path.GetFileName(file));
            if (PowerShellTool.Compiled(Path.GetFileName(file)) is string compiled)
                AtomicFile.Copy(compiled, copy);
            else if (IsOfTests(Path.GetFileName(file)))
                await AheadOfTime.UpdateAsync(file, copy, TargetRuntime.Own, references, stop);
            else if (!File.Exists(copy))
                File.CreateSymbolicLink(copy, file);
        });
    }

    private static bool HasAssemblyOfPowerShell(string folder) =>
        Directory.EnumerateFiles(folder, "System.Management.Automation.dll", SearchOption.AllDirectories).Any();

    private static bool IsOfTests(string file) =>
        Path.GetExtension(file) == ".dll"
        && (file.StartsWith("DmaBuf", StringComparison.Ordinal) || file.StartsWith("xunit", StringComparison.Ordinal));
}
