using System.Text.RegularExpressions;

namespace DmaBuf.Lab;

/// <summary>
/// Unpacked Debian packages in a folder that lies over this computer's root in a host and in its guests. Nothing of it
/// is installed on this computer. It always has ssh, by which the host reaches its guests.
/// </summary>
/// <param name="Root">The folder, with usr, etc and var.</param>
public sealed partial record PackageLayer(string Root)
{
    private static readonly string[] s_ssh =
    [
        "openssh-client", "openssh-server", "libwrap0", "libnsl2", "libtirpc3", "libgssapi-krb5-2", "libkrb5-3",
        "libk5crypto3", "libkrb5support0", "libkeyutils1", "libcom-err2", "libedit2", "libbsd0", "libfido2-1",
        "libcbor0.8",
    ];

    /// <summary>Returns the layer in the cache that has ssh alone; downloads it if there is none.</summary>
    internal static async Task<PackageLayer> GetSshAsync(Action<string> say, CancellationToken cancellationToken)
    {
        return new PackageLayer(await CacheFolder.GetOrAddAsync("ssh/1", Fill, cancellationToken));

        Task Fill(string partial)
        {
            say($"downloading ssh into {Path.GetDirectoryName(partial)}");
            return FillAsync(partial, [], cancellationToken);
        }
    }

    /// <summary>Fills a folder with ssh, the keys for it, and other packages.</summary>
    internal static async Task FillAsync(string root, IEnumerable<string> packages, CancellationToken cancellationToken)
    {
        await DebianPackages.UnpackAsync([.. packages, .. s_ssh], root, cancellationToken);
        foreach (var merged in new[] { "bin", "sbin", "lib", "lib64" })
            MoveBelowUsr(root, merged);
        await MakeKeysAsync(root, cancellationToken);
    }

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
        var libraries = Path.Combine(Root, "usr/lib/x86_64-linux-gnu");
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var program in programs.Prepend("usr/sbin/sshd"))
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
}
