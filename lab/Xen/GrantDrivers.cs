using System.Security.Cryptography;

namespace DmaBuf.Lab;

/// <summary>
/// Builds xen-gntdev, the grant device's driver, with the dma-buf part that the distribution's kernel leaves out. The
/// source is the distribution's; <c>driver/</c> holds the additions of the variants.
/// </summary>
public static class GrantDrivers
{
    private const string Module = "xen-gntdev";
    private const string ResourcePrefix = "Xen/driver/";
    private static readonly string[] s_programs = ["make", "tar", "xz"];

    /// <summary>
    /// Returns the path of a module for insmod. The first call for a kernel downloads about 170 MB and keeps only the
    /// modules that it builds.
    /// </summary>
    public static async Task<string> GetAsync(
        Kernel kernel, GrantDriver driver, Action<string> say, CancellationToken cancellationToken = default)
    {
        if (driver == GrantDriver.Distribution)
            return kernel.ModuleFiles(Module).Last();
        var folder = await CacheFolder.GetOrAddAsync(
            $"grant-drivers/{kernel.Version}-{ContentKey()}",
            partial => FillAsync(partial, kernel, say, cancellationToken),
            cancellationToken);
        return Path.Combine(folder, driver.ToString(), Module + ".ko");
    }

    private static async Task FillAsync(
        string folder, Kernel kernel, Action<string> say, CancellationToken cancellationToken)
    {
        CheckPrograms(kernel.Architecture);
        var work = Path.Combine(folder, "work");
        try
        {
            say($"downloading headers and source of Linux {kernel.Version} to build the grant drivers");
            var tree = await KernelTree.UnpackAsync(kernel, work, cancellationToken);
            await BuildAsync(tree, kernel.Architecture, GrantDriver.Stock, "gntdev-dmabuf", folder, cancellationToken);
            await BuildAsync(
                tree, kernel.Architecture, GrantDriver.Mmap, "gntdev-dmabuf-mmap", folder, cancellationToken);
        }
        finally
        {
            if (Directory.Exists(work))
                Directory.Delete(work, recursive: true);
        }
    }

    private static void CheckPrograms(MachineArchitecture architecture)
    {
        var compiler = architecture.CompilerPrefix + "gcc";
        string[] missing = [.. s_programs.Prepend(compiler).Where(name => SystemPrograms.TryFind(name) is null)];
        var package = architecture.IsForeign ? architecture.CrossCompilerPackage : "gcc";
        if (missing.Length > 0)
            throw new NotAvailableException($"Building the grant drivers needs {string.Join(", ", missing)}:"
                + $" apt-get install {package} make tar xz-utils");
    }

    private static async Task BuildAsync(
        KernelTree tree,
        MachineArchitecture architecture,
        GrantDriver driver,
        string dmabufPart,
        string folder,
        CancellationToken cancellationToken)
    {
        var build = Path.Combine(tree.Folder, driver.ToString());
        Directory.CreateDirectory(build);
        WriteSources(tree, build);
        // The kernel's makefiles ask for the distribution's gcc-N. Type data (BTF) would require another program.
        var prefix = architecture.CompilerPrefix;
        string[] cross = architecture.IsForeign ? ["ARCH=" + architecture.KernelName, "CROSS_COMPILE=" + prefix] : [];
        string[] settings =
            [$"M={build}", $"DMABUF={dmabufPart}", $"CC={prefix}gcc", "CONFIG_DEBUG_INFO_BTF_MODULES=", .. cross];
        await HostCommand.RunAsync("make", ["-C", tree.Headers, .. settings, "modules"], null, cancellationToken);
        var module = Path.Combine(build, Module + ".ko");
        await HostCommand.RunAsync(prefix + "strip", ["--strip-debug", module], null, cancellationToken);
        Directory.CreateDirectory(Path.Combine(folder, driver.ToString()));
        File.Move(module, Path.Combine(folder, driver.ToString(), Module + ".ko"));
    }

    private static void WriteSources(KernelTree tree, string build)
    {
        foreach (var file in Directory.EnumerateFiles(tree.XenSource, "gntdev*"))
            File.Copy(file, Path.Combine(build, Path.GetFileName(file)));
        foreach (var name in Resources())
            File.WriteAllBytes(Path.Combine(build, name[ResourcePrefix.Length..]), Resource(name));
        File.WriteAllText(Path.Combine(build, "grant-dma.inc"), tree.GrantDmaFunctions());
    }

    private static string ContentKey()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var name in Resources())
            hash.AppendData(Resource(name));
        return Convert.ToHexString(hash.GetCurrentHash().AsSpan(0, 6));
    }

    private static IEnumerable<string> Resources() =>
        typeof(GrantDrivers).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(ResourcePrefix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);

    private static byte[] Resource(string name)
    {
        using var resource = typeof(GrantDrivers).Assembly.GetManifestResourceStream(name)!;
        using var content = new MemoryStream();
        resource.CopyTo(content);
        return content.ToArray();
    }
}
