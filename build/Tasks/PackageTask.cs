namespace DmaBuf.Build;

/// <summary>Packs the module into out/DmaBufPS.VERSION.nupkg, which Install-PSResource installs.</summary>
internal static class PackageTask
{
    public static async Task<int> RunAsync(TaskArguments arguments, CancellationToken cancellationToken)
    {
        arguments.Finish();
        await BuildTask.BuildAsync(cancellationToken);
        await Pwsh.EnsureAsync(cancellationToken);
        if (Pwsh.Home is null)
            throw new BuildException("Packing needs PowerShell with the module Microsoft.PowerShell.PSResourceGet.");
        var words = Pwsh.Script("package.ps1", "-Module", Stage(), "-Folder", Repository.Out);
        var code = await Child.RunAsync(words, cancellationToken);
        Report.LeftOut();
        return code;
    }

    /// <summary>Makes a copy of the module that runs on any processor.</summary>
    private static string Stage()
    {
        var stage = Repository.At("out", "package", "DmaBufPS");
        if (Directory.Exists(stage))
            Directory.Delete(stage, recursive: true);
        foreach (var file in Directory.EnumerateFiles(Repository.Module, "*", SearchOption.AllDirectories))
            Add(file, Path.GetRelativePath(Repository.Module, file));
        foreach (var assembly in BuildTask.Assemblies)
            Add(assembly, Path.GetFileName(assembly));
        return stage;

        void Add(string file, string name)
        {
            var target = Path.Combine(stage, name);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target, overwrite: true);
        }
    }
}
