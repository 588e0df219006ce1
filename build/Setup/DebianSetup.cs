using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>Installs the Debian packages that a task needs, if it has permission to.</summary>
internal static class DebianSetup
{
    /// <summary>The packages for compiling a C program that checks the kernel's headers.</summary>
    public static readonly string[] Compiler = ["gcc", "libc6-dev", "linux-libc-dev"];

    /// <summary>
    /// The packages for the tests of pictures: a window's library, a display without a screen, and independent programs
    /// that convert pixels and read PNG files.
    /// </summary>
    public static readonly string[] Pictures = ["libsdl2-2.0-0", "xvfb", "libyuv0", "netpbm"];

    /// <summary>The packages for an emulated machine beside QEMU; its kernel is downloaded, not installed.</summary>
    public static readonly string[] Emulator = ["busybox-static", "kmod"];

    /// <summary>The additional packages for a host with guests; Xen and ssh are downloaded, not installed.</summary>
    public static readonly string[] Guests = ["zstd"];

    /// <summary>The packages for compiling C# to a native program for a processor.</summary>
    public static string[] LinkerFor(Processor processor) =>
        processor.IsOwn ? ["gcc", "libc6-dev", "zlib1g-dev"] : processor.CrossCompiler;

    /// <summary>Installs the packages that are missing. Returns whether all of them are installed now.</summary>
    public static async Task<bool> EnsureAsync(
        string purpose, IReadOnlyCollection<string> packages, CancellationToken cancellationToken)
    {
        var missing = await MissingAsync(packages, cancellationToken);
        if (missing.Length == 0)
            return true;

        var root = await RootPrefixAsync(cancellationToken);
        if (root is not null)
        {
            Report.Note($"{purpose}: installing {string.Join(' ', missing)}");
            if (!HasPackageLists() && !await AptAsync(root, ["update"], cancellationToken))
                Report.Note("apt-get update failed.");
            string[] install = ["install", "-y", "--no-install-recommends", .. missing];
            // Outdated lists name packages that no longer exist, so the second attempt follows an update.
            if (await AptAsync(root, install, cancellationToken))
                return true;
            if (await AptAsync(root, ["update"], cancellationToken) && await AptAsync(root, install, cancellationToken))
                return true;
        }

        Report.Note($"{purpose}: please run as root: apt-get install {string.Join(' ', missing)}");
        return false;
    }

    /// <summary>Downloads apt's package lists where there are none, as in a fresh container.</summary>
    public static async Task EnsureListsAsync(CancellationToken cancellationToken)
    {
        if (HasPackageLists() || await RootPrefixAsync(cancellationToken) is not string[] root)
            return;
        Report.Note("downloading apt's package lists");
        await AptAsync(root, ["update"], cancellationToken);
    }

    private static bool HasPackageLists() =>
        Directory.Exists("/var/lib/apt/lists")
        && Directory.EnumerateFiles("/var/lib/apt/lists", "*_Packages*").Any();

    private static async Task<string[]> MissingAsync(
        IReadOnlyCollection<string> packages, CancellationToken cancellationToken)
    {
        var query = await HostCommand.TryRunAsync(
            "dpkg-query", ["-W", "-f=${Package} ${db:Status-Status}\n", .. packages], null, cancellationToken);
        var installed = query.Output.Split('\n');
        return [.. packages.Where(package => !installed.Contains(package + " installed"))];
    }

    private static async Task<string[]?> RootPrefixAsync(CancellationToken cancellationToken)
    {
        if (SystemPrograms.TryFind("apt-get") is null)
            return null;
        if (Environment.IsPrivilegedProcess)
            return [];
        var sudo = await HostCommand.TryRunAsync("sudo", ["-n", "true"], null, cancellationToken);
        return sudo.ExitCode == 0 ? ["sudo", "-n"] : null;
    }

    private static async Task<bool> AptAsync(string[] root, string[] arguments, CancellationToken cancellationToken)
    {
        // Another apt-get, of a second task or of the system's own updates, soon releases its lock.
        string[] words =
        [
            .. root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-oDPkg::Lock::Timeout=300",
            .. arguments,
        ];
        var apt = await HostCommand.TryRunAsync(words[0], words[1..], null, cancellationToken);
        if (apt.ExitCode != 0)
            Report.Note(apt.Error.Trim());
        return apt.ExitCode == 0;
    }
}
