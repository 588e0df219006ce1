namespace DmaBuf.Lab;

/// <summary>
/// Unpacked Debian packages in a folder that lies over this computer's root in a machine and in its guests. Nothing of
/// it is installed on this computer. A host's has ssh, by which the host reaches its guests.
/// </summary>
/// <remarks>
/// For a foreign architecture, it has the programs and libraries of a small Debian as well. They hide this computer's
/// own of the same names. All other files of this computer are where they usually are; its programs cannot run there.
/// </remarks>
/// <param name="Architecture">The packages' architecture.</param>
/// <param name="Root">The folder, with usr, etc and var.</param>
public sealed record PackageLayer(MachineArchitecture Architecture, string Root)
{
    private static readonly string[] s_programFolders = ["usr/bin", "usr/sbin"];

    /// <summary>What a small Debian needs, and what PowerShell does.</summary>
    private static readonly string[] s_base =
    [
        "libc6", "libc-bin", "busybox-static", "bash", "dash", "coreutils", "util-linux", "util-linux-extra", "mount",
        "kmod", "grep", "sed", "mawk", "tar", "gzip", "xz-utils", "findutils", "diffutils", "procps", "psmisc",
        "hostname", "net-tools", "v4l-utils",
        "libselinux1", "libpcre2-8-0", "libacl1", "libattr1", "libgmp10", "libcrypt1", "libcap2", "libcap-ng0",
        "libaudit1", "libpam0g", "libsystemd0", "libgcrypt20", "libgpg-error0", "libmd0", "libtinfo6", "libncursesw6",
        "libmount1", "libblkid1", "libsmartcols1", "libudev1", "libuuid1", "libkmod2", "libproc2-0", "libzstd1",
        "liblzma5", "liblz4-1", "libbz2-1.0", "zlib1g", "libssl3", "libstdc++6", "libgcc-s1", "libv4l-0",
        "libv4lconvert0", "libjpeg62-turbo", "libv4l2rds0",
    ];

    private static readonly string[] s_ssh =
    [
        "openssh-client", "openssh-server", "libwrap0", "libnsl2", "libtirpc3", "libgssapi-krb5-2", "libkrb5-3",
        "libk5crypto3", "libkrb5support0", "libkeyutils1", "libcom-err2", "libedit2", "libbsd0", "libfido2-1",
        "libcbor0.8",
    ];

    /// <summary>Returns the layer in the cache that has ssh alone; downloads it if there is none.</summary>
    internal static async Task<PackageLayer> GetSshAsync(Action<string> say, CancellationToken cancellationToken)
    {
        var own = MachineArchitecture.OfThisComputer;
        return new PackageLayer(own, await CacheFolder.GetOrAddAsync("ssh/1", Fill, cancellationToken));

        Task Fill(string partial)
        {
            say($"downloading ssh into {Path.GetDirectoryName(partial)}");
            return FillAsync(own, partial, [], say, cancellationToken);
        }
    }

    /// <summary>Returns the layer in the cache for a machine of a foreign architecture without guests.</summary>
    internal static async Task<PackageLayer> GetBaseAsync(
        MachineArchitecture architecture, Action<string> say, CancellationToken cancellationToken)
    {
        var name = "base/1-" + architecture.DebianName;
        return new PackageLayer(architecture, await CacheFolder.GetOrAddAsync(name, Fill, cancellationToken));

        async Task Fill(string partial)
        {
            say($"downloading programs for {architecture} into {Path.GetDirectoryName(partial)}");
            await UnpackAsync(architecture, partial, s_base, cancellationToken);
        }
    }

    /// <summary>Fills a folder with ssh, the keys for it, and other packages.</summary>
    internal static async Task FillAsync(
        MachineArchitecture architecture,
        string root,
        IEnumerable<string> packages,
        Action<string> say,
        CancellationToken cancellationToken)
    {
        var all = packages.Concat(s_ssh);
        await UnpackAsync(
            architecture, root, [.. architecture.IsForeign ? all.Union(s_base) : all], cancellationToken);
        var ssh = architecture.IsForeign && SystemPrograms.TryFind("ssh-keygen") is null
            ? await GetSshAsync(say, cancellationToken)
            : new PackageLayer(architecture, root);
        await MakeKeysAsync(root, ssh, cancellationToken);
    }

    /// <summary>Returns the path of a program of the layer, or null.</summary>
    internal string? TryFind(string program) =>
        s_programFolders
            .Select(folder => Path.Combine(Root, folder, program))
            .FirstOrDefault(File.Exists);

    /// <summary>
    /// Returns the files that a guest holds from the start, by their paths in the guest, because each of them would
    /// take many slow round trips to the host: sshd, other programs of the packages, and their libraries.
    /// </summary>
    /// <param name="programs">The programs besides sshd.</param>
    /// <param name="others">Files of this computer to add.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    internal async Task<IReadOnlyDictionary<string, string>> GuestFilesAsync(
        string[] programs, IReadOnlyList<string> others, CancellationToken cancellationToken)
    {
        var folder = "lib/" + Architecture.Triplet;
        var libraries = Path.Combine(Root, "usr", folder);
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var program in programs.Prepend("usr/sbin/sshd"))
        {
            files[program] = Path.Combine(Root, program);
            foreach (var file in await SharedLibraries.OfAsync(
                files[program], Architecture, libraries, cancellationToken))
            {
                var name = Path.GetFileName(file);
                var isLoader = name.StartsWith("ld-linux", StringComparison.Ordinal);
                files[$"usr/{(isLoader ? Architecture.LoaderFolder : folder)}/{name}"] = file;
            }
        }

        // Links are resolved, because a folder in place of a link would hide the link's target.
        var paths = others.Count == 0 ? string.Empty : await HostCommand.RunAsync(
            "realpath", [.. others], null, cancellationToken);
        foreach (var path in paths.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            files[path.TrimStart('/')] = path;
        return files;
    }

    private static async Task UnpackAsync(
        MachineArchitecture architecture, string root, string[] packages, CancellationToken cancellationToken)
    {
        await DebianPackages.UnpackAsync(architecture, packages, root, cancellationToken);
        foreach (var merged in new[] { "bin", "sbin", "lib", "lib64" })
            MoveBelowUsr(root, merged);
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
    /// Makes the keys that the host and its guests use for ssh to each other. They are valid only on their network.
    /// </summary>
    private static async Task MakeKeysAsync(string root, PackageLayer ssh, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateDirectory(Path.Combine(root, "etc/lab")).FullName;
        var program = SystemPrograms.TryFind("ssh-keygen") ?? Path.Combine(ssh.Root, "usr/bin/ssh-keygen");
        foreach (var key in new[] { "host_key", "user_key" })
        {
            await HostCommand.RunAsync(
                program, ["-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", Path.Combine(folder, key)], null,
                cancellationToken);
        }
    }
}
