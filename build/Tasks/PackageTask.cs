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
        var words = Pwsh.Script("package.ps1", "-Module", Repository.Module, "-Folder", Repository.Out);
        var code = await Child.RunAsync(words, cancellationToken);
        Report.LeftOut();
        return code;
    }
}
