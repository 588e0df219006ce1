using System.IO.Compression;
using System.Text.RegularExpressions;

namespace DmaBuf.Lab;

/// <summary>Debian's Xen, its tools and the guests' file server, unpacked in the cache.</summary>
public sealed class XenPackages
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

    private XenPackages(MachineArchitecture architecture, string folder)
    {
        Layer = new PackageLayer(architecture, Path.Combine(folder, "root"));
        Hypervisor = Path.Combine(folder, "xen");
        Version = File.ReadAllText(Path.Combine(folder, "version"));
    }

    /// <summary>The architecture that this Xen is for.</summary>
    public MachineArchitecture Architecture => Layer.Architecture;

    /// <summary>The tools, which lie over the root in every domain.</summary>
    public PackageLayer Layer { get; }

    /// <summary>The hypervisor, uncompressed.</summary>
    public string Hypervisor { get; }

    /// <summary>Xen's version, such as 4.17.</summary>
    public string Version { get; }

    /// <summary>Returns the Xen in the cache or, if there is none, downloads the newest that apt offers.</summary>
    public static async Task<XenPackages> GetAsync(
        MachineArchitecture architecture, Action<string> say, CancellationToken cancellationToken = default)
    {
        var pattern = new Regex($@"^xen-hypervisor-([0-9]+\.[0-9]+)-{architecture.DebianName}$");
        var name = architecture.IsForeign ? "xen/1-" + architecture.DebianName : "xen/1";
        var folder = await CacheFolder.GetOrAddAsync(name, Fill, cancellationToken);
        return new XenPackages(architecture, folder);

        async Task Fill(string partial)
        {
            var hypervisor = await DebianPackages.FindNewestAsync(
                architecture, "xen-hypervisor-", pattern, cancellationToken)
                ?? throw new NotAvailableException(
                    $"No Xen to boot: apt offers no xen-hypervisor-N-{architecture.DebianName}.");
            var version = pattern.Match(hypervisor).Groups[1].Value;
            say($"downloading Xen {version} into {Path.GetDirectoryName(partial)}");
            var root = Path.Combine(partial, "root");
            await PackageLayer.FillAsync(
                architecture, root, [hypervisor, $"xen-utils-{version}", $"libxenmisc{version}", .. s_names], say,
                cancellationToken);
            await MoveHypervisorAsync(root, Path.Combine(partial, "xen"), cancellationToken);
            await File.WriteAllTextAsync(Path.Combine(partial, "version"), version, cancellationToken);
        }
    }

    /// <summary>Moves the hypervisor out of the layer, unpacked; Arm64's is not packed.</summary>
    private static async Task MoveHypervisorAsync(string root, string target, CancellationToken cancellationToken)
    {
        var boot = Directory.EnumerateFiles(Path.Combine(root, "boot"), "xen-*").ToList();
        var packed = boot.Find(name => Path.GetExtension(name) == ".gz");
        var plain = boot.Find(name => Path.GetExtension(name) is not (".gz" or ".config" or ".efi"));
        await using Stream source = packed is null
            ? File.OpenRead(plain ?? throw new LabException("Debian's package of Xen has no hypervisor."))
            : new GZipStream(File.OpenRead(packed), CompressionMode.Decompress);
        await using var file = File.Create(target);
        await source.CopyToAsync(file, cancellationToken);
        Directory.Delete(Path.Combine(root, "boot"), recursive: true);
    }
}
