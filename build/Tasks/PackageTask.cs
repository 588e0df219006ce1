using System.IO.Compression;

namespace DmaBuf.Build;

/// <summary>Packs the module into out/DmaBufPS-VERSION.zip.</summary>
internal static class PackageTask
{
    public static async Task<int> RunAsync(TaskArguments arguments, CancellationToken cancellationToken)
    {
        arguments.Finish();
        await BuildTask.BuildAsync(cancellationToken);
        string package = Path.Combine(Repository.Out, $"DmaBufPS-{ModuleManifest.Version()}.zip");
        File.Delete(package);
        ZipFile.CreateFromDirectory(
            Repository.Module, package, CompressionLevel.SmallestSize, includeBaseDirectory: true);
        Report.Line($"The package is {package}.");
        Report.LeftOut();
        return 0;
    }
}
