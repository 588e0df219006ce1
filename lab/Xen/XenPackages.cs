using System.IO.Compression;
using System.Text.RegularExpressions;

namespace DmaBuf.Lab;

/// <summary>Debian's Xen, its tools and the guests' file server, unpacked in the cache.</summary>
public sealed partial class XenPackages
{
    private static readonly string[] s_names =
    [
        "xen-utils-common", "xenstore-utils",
        "libxenstore4", "libxencall1", "libxengnttab1", "libxenevtchn1", "libxenforeignmemory1", "libxendevicemodel1",
        "libxentoolcore1", "libxentoollog1", "libxenhypfs1", "libyajl2", "libfdt1", "libgcc-s1", "libnl-3-200",
        "libnl-route-3-200", "libuuid1",
        // The file server through which guests see the same root.
        "diod", "liblua5.1-0", "libmunge2",
    ];

    private XenPackages(string folder)
    {
        Layer = new PackageLayer(Path.Combine(folder, "root"));
        Hypervisor = Path.Combine(folder, "xen");
        Version = File.ReadAllText(Path.Combine(folder, "version"));
    }

    /// <summary>The tools, which lie over the root in every domain.</summary>
    public PackageLayer Layer { get; }

    /// <summary>The hypervisor, uncompressed.</summary>
    public string Hypervisor { get; }

    /// <summary>Xen's version, such as 4.17.</summary>
    public string Version { get; }

    /// <summary>Returns the Xen in the cache or, if there is none, downloads the newest that apt offers.</summary>
    public static async Task<XenPackages> GetAsync(Action<string> say, CancellationToken cancellationToken = default)
    {
        var folder = await CacheFolder.GetOrAddAsync("xen/1", Fill, cancellationToken);
        return new XenPackages(folder);

        async Task Fill(string partial)
        {
            var hypervisor = await DebianPackages.FindNewestAsync(
                "xen-hypervisor-", HypervisorName(), cancellationToken)
                ?? throw new LabException("No Xen to boot: apt offers no xen-hypervisor-N-amd64.");
            var version = HypervisorName().Match(hypervisor).Groups[1].Value;
            say($"downloading Xen {version} into {Path.GetDirectoryName(partial)}");
            var root = Path.Combine(partial, "root");
            await PackageLayer.FillAsync(
                root, [hypervisor, $"xen-utils-{version}", $"libxenmisc{version}", .. s_names], cancellationToken);
            await DecompressHypervisorAsync(root, Path.Combine(partial, "xen"), cancellationToken);
            await File.WriteAllTextAsync(Path.Combine(partial, "version"), version, cancellationToken);
        }
    }

    private static async Task DecompressHypervisorAsync(string root, string target, CancellationToken cancellationToken)
    {
        var packed = Directory.EnumerateFiles(Path.Combine(root, "boot"), "xen-*.gz").Single();
        await using var source = new GZipStream(File.OpenRead(packed), CompressionMode.Decompress);
        await using var file = File.Create(target);
        await source.CopyToAsync(file, cancellationToken);
        Directory.Delete(Path.Combine(root, "boot"), recursive: true);
    }

    [GeneratedRegex(@"^xen-hypervisor-([0-9]+\.[0-9]+)-amd64$")]
    private static partial Regex HypervisorName();
}
