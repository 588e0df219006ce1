using System.Formats.Tar;
using System.IO.Compression;

namespace DmaBuf.Build;

/// <summary>
/// Packs the module into out/DmaBufPS.VERSION.nupkg, which Install-PSResource installs on any processor, and the peer
/// for each processor into out/dmabuf-peer-VERSION-linux-PROCESSOR.tar.gz.
/// </summary>
internal static class PackageTask
{
    public static async Task<int> RunAsync(TaskArguments arguments, CancellationToken cancellationToken)
    {
        arguments.Finish();
        await BuildTask.BuildAsync(cancellationToken);
        await Pwsh.EnsureAsync(cancellationToken);
        if (Pwsh.Home is null)
            throw new BuildException("Packing needs PowerShell with the module Microsoft.PowerShell.PSResourceGet.");
        var stage = Repository.At("out", "package", "DmaBufPS");
        ModuleCopy.MakePortable(stage);
        var words = Pwsh.Script("package.ps1", "-Module", stage, "-Folder", Repository.Out);
        var code = await Child.RunAsync(words, cancellationToken);
        foreach (var processor in Processor.All)
        {
            if (await PeerProgram.UpdateAsync(processor, cancellationToken))
                Report.Line($"The package {await PackPeerAsync(processor, cancellationToken)} has dmabuf-peer.");
        }

        Report.LeftOut();
        return code;
    }

    private static async Task<string> PackPeerAsync(Processor processor, CancellationToken cancellationToken)
    {
        var name = $"dmabuf-peer-{ModuleManifest.ModuleVersion()}-linux-{processor.Name}";
        var package = Repository.At("out", name + ".tar.gz");
        await using var file = File.Create(package);
        await using var compressed = new GZipStream(file, CompressionLevel.SmallestSize);
        await using var archive = new TarWriter(compressed);
        foreach (var source in new[] { PeerProgram.PathFor(processor), Repository.At("LICENSE") })
            await archive.WriteEntryAsync(source, $"{name}/{Path.GetFileName(source)}", cancellationToken);
        return package;
    }
}
