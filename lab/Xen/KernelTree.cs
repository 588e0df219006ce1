using System.Text.RegularExpressions;

namespace DmaBuf.Lab;

/// <summary>
/// The files for building an out-of-tree module: a kernel's headers, unpacked instead of installed (installing them
/// would pull in a kernel), and the source of its Xen drivers.
/// </summary>
internal sealed partial class KernelTree
{
    private KernelTree(string folder, string headers, string xenSource)
    {
        Folder = folder;
        Headers = headers;
        XenSource = xenSource;
    }

    /// <summary>The folder that contains everything.</summary>
    public string Folder { get; }

    /// <summary>The folder in which make builds modules.</summary>
    public string Headers { get; }

    /// <summary>The kernel source's drivers/xen with the grant device and the grant table.</summary>
    public string XenSource { get; }

    /// <summary>Downloads the kernel's headers and source and unpacks them into the folder.</summary>
    public static async Task<KernelTree> UnpackAsync(
        Kernel kernel, string folder, CancellationToken cancellationToken)
    {
        var headers = await UnpackHeadersAsync(kernel, folder, cancellationToken);
        var source = await UnpackSourceAsync(kernel, folder, cancellationToken);
        return new KernelTree(folder, headers, source);
    }

    /// <summary>Returns the functions of grant-table.c that the distribution's kernel is built without.</summary>
    public string GrantDmaFunctions()
    {
        var functions = GrantDmaBlock().Match(File.ReadAllText(Path.Combine(XenSource, "grant-table.c")));
        return functions.Success
            ? functions.Groups[1].Value
            : throw new LabException("The kernel's grant-table.c has no gnttab_dma_alloc_pages.");
    }

    private static async Task<string> UnpackHeadersAsync(
        Kernel kernel, string folder, CancellationToken cancellationToken)
    {
        var architecture = "-" + kernel.Architecture.DebianName;
        if (!kernel.Version.EndsWith(architecture, StringComparison.Ordinal))
            throw new LabException($"Linux {kernel.Version} is not one of Debian's {architecture} kernels.");
        var common = kernel.Version[..^architecture.Length];
        (string Name, MachineArchitecture Architecture)[] packages =
        [
            ($"linux-headers-{kernel.Version}", kernel.Architecture),
            ($"linux-headers-{common}-common", kernel.Architecture),
            // Programs, which run on this computer.
            ($"linux-kbuild-{common}", MachineArchitecture.OfThisComputer),
        ];
        foreach (var package in packages)
        {
            if (await DebianPackages.VersionAsync(package.Architecture, package.Name, cancellationToken) is null)
                throw new NotAvailableException(
                    $"apt no longer offers {package.Name}; run `apt-get update` and `clean -Cache` to get a newer"
                    + " kernel.");
            await DebianPackages.UnpackAsync(package.Architecture, [package.Name], folder, cancellationToken);
        }

        var headers = Path.Combine(folder, "usr/src", packages[0].Name);
        var makefile = Path.Combine(headers, "Makefile");
        File.WriteAllText(makefile, File.ReadAllText(makefile).Replace("/usr/src/", $"{folder}/usr/src/"));
        return headers;
    }

    private static async Task<string> UnpackSourceAsync(
        Kernel kernel, string folder, CancellationToken cancellationToken)
    {
        var architecture = kernel.Architecture;
        var package = "linux-source-" + Series().Match(kernel.Version).Value;
        // Several point releases share one package name. The newest one will do when the kernel's own is gone.
        var own = await DebianPackages.VersionAsync(
            architecture, "linux-headers-" + kernel.Version, cancellationToken);
        var exact = $"{package}={own}";
        var offered = await DebianPackages.VersionAsync(architecture, exact, cancellationToken) is not null;
        await DebianPackages.UnpackAsync(architecture, [offered ? exact : package], folder, cancellationToken);

        var archive = Path.Combine(folder, "usr/src", package + ".tar.xz");
        string[] files = ["gntdev.c", "gntdev-common.h", "gntdev-dmabuf.c", "gntdev-dmabuf.h", "grant-table.c"];
        var paths = files.Select(file => $"{package}/drivers/xen/{file}");
        await HostCommand.RunAsync("tar", ["-xJf", archive, "-C", folder, .. paths], null, cancellationToken);
        return Path.Combine(folder, package, "drivers/xen");
    }

    [GeneratedRegex(@"^[0-9]+\.[0-9]+")]
    private static partial Regex Series();

    [GeneratedRegex(
        @"^#ifdef CONFIG_XEN_GRANT_DMA_ALLOC\n(/\*\*.*?)^#endif",
        RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex GrantDmaBlock();
}
