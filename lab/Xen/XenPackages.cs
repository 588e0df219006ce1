using System.IO.Compression;
using System.Text.RegularExpressions;

namespace DmaBuf.Lab;

/// <summary>
/// Debian's Xen and its tools, and the programs by which domains reach each other, unpacked in one folder that lies
/// over this computer's root in every domain. Nothing of it is installed on this computer.
/// </summary>
public sealed partial class XenPackages
{
    private static readonly string[] s_names =
    [
        "xen-utils-common", "xenstore-utils",
        "libxenstore4", "libxencall1", "libxengnttab1", "libxenevtchn1", "libxenforeignmemory1", "libxendevicemodel1",
        "libxentoolcore1", "libxentoollog1", "libxenhypfs1", "libyajl2", "libfdt1", "libgcc-s1", "libnl-3-200",
        "libnl-route-3-200", "libuuid1",
        // The file server through which guests see the same root, and ssh between domains.
        "diod", "liblua5.1-0", "libmunge2", "libwrap0", "libnsl2", "libtirpc3", "openssh-client", "openssh-server",
        "libgssapi-krb5-2", "libkrb5-3", "libk5crypto3", "libkrb5support0", "libkeyutils1", "libcom-err2", "libedit2",
        "libbsd0", "libfido2-1", "libcbor0.8",
    ];

    private XenPackages(string folder)
    {
        Root = Path.Combine(folder, "root");
        Hypervisor = Path.Combine(folder, "xen");
        Version = File.ReadAllText(Path.Combine(folder, "version"));
    }

    /// <summary>The folder that lies over the root, with usr, etc and var.</summary>
    public string Root { get; }

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
            await DebianPackages.UnpackAsync(
                [hypervisor, $"xen-utils-{version}", $"libxenmisc{version}", .. s_names], root, cancellationToken);
            await DecompressHypervisorAsync(root, Path.Combine(partial, "xen"), cancellationToken);
            foreach (var merged in new[] { "bin", "sbin", "lib", "lib64" })
                MoveBelowUsr(root, merged);
            await MakeKeysAsync(root, cancellationToken);
            await File.WriteAllTextAsync(Path.Combine(partial, "version"), version, cancellationToken);
        }
    }

    /// <summary>
    /// Returns the files that a guest holds from the start, by their paths in the guest. Any other file takes many slow
    /// round trips over the guest's network.
    /// </summary>
    /// <param name="others">Files of this computer to add to the programs of the packages.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    internal async Task<IReadOnlyDictionary<string, string>> GuestFilesAsync(
        IReadOnlyList<string> others, CancellationToken cancellationToken)
    {
        var libraries = Path.Combine(Root, "usr/lib/x86_64-linux-gnu");
        string[] programs = ["usr/sbin/sshd", "usr/bin/xenstore-write"];
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var program in programs)
        {
            files[program] = Path.Combine(Root, program);
            var needs = await HostCommand.RunAsync(
                "env", ["LD_LIBRARY_PATH=" + libraries, "ldd", files[program]], null, cancellationToken);
            foreach (Match library in LoadedFile().Matches(needs))
            {
                var file = library.Groups[1].Value;
                var folder = file.Contains("/ld-linux", StringComparison.Ordinal) ? "lib64" : "lib/x86_64-linux-gnu";
                files[$"usr/{folder}/{Path.GetFileName(file)}"] = file;
            }
        }

        // Links are resolved, because a folder in place of a link would hide the link's target.
        var paths = others.Count == 0 ? string.Empty : await HostCommand.RunAsync(
            "realpath", [.. others], null, cancellationToken);
        foreach (var path in paths.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            files[path.TrimStart('/')] = path;
        return files;
    }

    private static async Task DecompressHypervisorAsync(string root, string target, CancellationToken cancellationToken)
    {
        var packed = Directory.EnumerateFiles(Path.Combine(root, "boot"), "xen-*.gz").Single();
        await using var source = new GZipStream(File.OpenRead(packed), CompressionMode.Decompress);
        await using var file = File.Create(target);
        await source.CopyToAsync(file, cancellationToken);
        Directory.Delete(Path.Combine(root, "boot"), recursive: true);
    }

    /// <summary>
    /// Moves a folder below usr, because a real /lib over a root whose /lib is a link would hide all of the root's
    /// libraries.
    /// </summary>
    private static void MoveBelowUsr(string root, string name)
    {
        var folder = Path.Combine(root, name);
        if (!Directory.Exists(folder))
            return;
        foreach (var entry in Directory.EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(root, "usr", Path.GetRelativePath(root, entry));
            if (File.GetAttributes(entry).HasFlag(FileAttributes.Directory))
                Directory.CreateDirectory(target);
            else
                File.Move(entry, target, overwrite: true);
        }

        Directory.Delete(folder, recursive: true);
    }

    /// <summary>
    /// Makes the keys that the domains use for ssh to each other. They are valid only on the emulated network.
    /// </summary>
    private static async Task MakeKeysAsync(string root, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateDirectory(Path.Combine(root, "etc/lab")).FullName;
        var program = SystemPrograms.TryFind("ssh-keygen") ?? Path.Combine(root, "usr/bin/ssh-keygen");
        foreach (var key in new[] { "host_key", "user_key" })
        {
            await HostCommand.RunAsync(
                program, ["-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", Path.Combine(folder, key)], null,
                cancellationToken);
        }
    }

    [GeneratedRegex(@"\s(/\S+) \(0x")]
    private static partial Regex LoadedFile();

    [GeneratedRegex(@"^xen-hypervisor-([0-9]+\.[0-9]+)-amd64$")]
    private static partial Regex HypervisorName();
}
