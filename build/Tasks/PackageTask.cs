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
                Report.Line($"The package {PackPeer(processor)} has dmabuf-peer.");
        }

        Report.LeftOut();
        return code;
    }

    private static string PackPeer(Processor processor)
    {
        var name = $"dmabuf-peer-{ModuleManifest.ModuleVersion()}-linux-{processor.Name}";
        var package = Repository.At("out", name + ".tar.gz");
        AtomicFile.Write(package, partial => Pack(partial, name, PeerProgram.PathFor(processor)));
        return package;
    }

    /// <summary>Packs a program and the license into a folder of an archive, all owned by root.</summary>
    private static void Pack(string package, string folder, string program)
    {
        using var compressed = new GZipStream(File.Create(package), CompressionLevel.SmallestSize);
        using var archive = new TarWriter(compressed);
        foreach (var source in new[] { program, Repository.At("LICENSE") })
        {
            using var content = File.OpenRead(source);
            archive.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, $"{folder}/{Path.GetFileName(source)}")
            {
                DataStream = content,
                Mode = File.GetUnixFileMode(source),
                ModificationTime = File.GetLastWriteTimeUtc(source),
                UserName = "root",
                GroupName = "root",
            });
        }
    }
}
