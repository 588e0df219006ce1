using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>Copies of the module in out/DmaBufPS for other processors.</summary>
internal static class ModuleCopy
{
    /// <summary>Makes a copy with the assemblies as the C# compiler made them, which run on any processor.</summary>
    /// <exception cref="BuildException">An assembly has code of one processor.</exception>
    public static void MakePortable(string folder)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        CopyFiles(folder);
        foreach (var assembly in BuildTask.Assemblies)
        {
            ModuleAssembly.CheckPortable(assembly);
            File.Copy(assembly, Path.Combine(folder, Path.GetFileName(assembly)));
        }
    }

    /// <summary>
    /// Brings a copy up to date whose assemblies are compiled ahead of time for a runtime of another processor, such as
    /// out/arm64/modules/DmaBufPS. Returns a folder for PSModulePath that contains nothing else.
    /// </summary>
    public static async Task<string> UpdateAsync(TargetRuntime runtime, CancellationToken cancellationToken)
    {
        await BuildTask.EnsureBuiltAsync(cancellationToken);
        var modules = Path.Combine(runtime.Processor.OutFolder, "modules");
        Directory.CreateDirectory(modules);
        using var held = await FileLock.AcquireAsync(modules + ".lock", cancellationToken);
        var folder = Path.Combine(modules, "DmaBufPS");
        CopyFiles(folder);
        foreach (var assembly in BuildTask.Assemblies)
        {
            var target = Path.Combine(folder, Path.GetFileName(assembly));
            await AheadOfTime.UpdateAsync(
                assembly, target, runtime, BuildTask.References(assembly), cancellationToken);
        }

        return modules;
    }

    /// <summary>Copies all files but the assemblies.</summary>
    private static void CopyFiles(string folder)
    {
        var assemblies = BuildTask.Assemblies.Select(Path.GetFileName);
        foreach (var file in Directory.EnumerateFiles(Repository.Module, "*", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(Repository.Module, file);
            if (assemblies.Contains(name))
                continue;
            var target = Path.Combine(folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            AtomicFile.Copy(file, target);
        }
    }
}
