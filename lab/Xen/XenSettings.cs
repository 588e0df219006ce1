using System.Globalization;

namespace DmaBuf.Lab;

/// <summary>
/// Makes the files that dom0's script reads: the guests' configurations, and the names and addresses of all domains.
/// </summary>
internal static class XenSettings
{
    /// <summary>The memory in MiB that Xen needs for itself and for each guest.</summary>
    public const int OverheadMiB = 64;

    /// <summary>The script that sshd starts for a remote session of PowerShell.</summary>
    private const string RemoteShell = "remote-powershell";

    private const string Network = "10.95.0.";
    private static readonly string[] s_scripts = ["dom0", "domain", "guests", "guest-start", "on", "vif"];

    /// <summary>
    /// Checks that each guest's memory is sufficient. While a guest unpacks its initial ramdisk, it holds it twice, in
    /// addition to the kernel and the kernel's reserves.
    /// </summary>
    /// <exception cref="LabException">A guest has too little memory.</exception>
    public static void CheckMemory(XenHostOptions options, string initramfs)
    {
        const long Mebi = 1 << 20;
        const long KernelMiB = 128;
        var least = (2 * new FileInfo(initramfs).Length / Mebi) + KernelMiB;
        foreach (var guest in options.Guests.Where(guest => guest.MemoryMiB < least))
        {
            throw new LabException(
                $"{guest.Name} has {guest.MemoryMiB} MiB and needs {least} MiB to unpack its initial ramdisk: give it"
                + " more memory or fewer files.");
        }
    }

    /// <summary>Returns the files' contents by their names.</summary>
    public static Dictionary<string, string> Files(
        XenHostOptions options, XenPackages packages, Kernel kernel, string driver, string payload, string initramfs)
    {
        var files = s_scripts.ToDictionary(name => name, Initramfs.ScriptText);
        files["xen"] = Lines(
            "XEN_VERSION=" + packages.Version,
            $"ADDRESS={Network}1",
            "DRIVER=" + GuestCommand.Quote(driver),
            "GUESTS=" + GuestCommand.Quote(string.Join(' ', options.Guests.Select(guest => guest.Name))));
        files["hosts"] = Lines(
        [
            "127.0.0.1 localhost", $"{Network}1 {XenHost.Dom0}",
            .. options.Guests.Select((guest, number) => $"{Network}{number + 2} {guest.Name}"),
        ]);
        files["sshd_config"] = SshdConfig(options);
        files[RemoteShell] = Lines(
            $"exec {string.Join(' ', options.PowerShell.Select(GuestCommand.Quote))} -sshs -NoLogo -NoProfile");
        foreach (var (number, guest) in options.Guests.Select((guest, number) => (number, guest)))
        {
            files[guest.Name + ".cfg"] = Lines(
                $"name=\"{guest.Name}\"",
                $"type=\"{guest.Type.ToString().ToLowerInvariant()}\"",
                $"kernel=\"{payload}\"",
                $"ramdisk=\"{initramfs}\"",
                // A ramfs holds the initial ramdisk, because a tmpfs could use only half of the memory.
                $"extra=\"console=hvc0 rootfstype=ramfs {XenBoot.CommonKernelParameters}"
                + $" lab_name={guest.Name} lab_address={Network}{number + 2} lab_server={Network}1"
                + $" lab_kernel={kernel.Version} lab_modules={kernel.Modules} {guest.KernelParameters}\"",
                $"memory={guest.MemoryMiB}",
                $"vcpus={guest.Processors}",
                $"max_grant_frames={guest.GrantFrames}",
                "tsc_mode=\"native\"",
                "vif=['script=/run/lab/jobs/vif']",
                "on_poweroff=\"destroy\"",
                "on_reboot=\"destroy\"",
                "on_crash=\"destroy\"");
        }

        return files;
    }

    private static string SshdConfig(XenHostOptions options)
    {
        var lines = new List<string>
        {
            "HostKey /etc/lab/host_key",
            "AuthorizedKeysFile /etc/lab/user_key.pub",
            "StrictModes no",
            "UsePAM no",
            "PermitRootLogin yes",
            "UseDNS no",
            "MaxSessions 100",
        };
        var variables = new GuestCommand(string.Empty).Variables;
        var kept = variables
            .Where(variable => variable.Key is "PATH" or "LANG"
                || variable.Key.StartsWith("DOTNET_", StringComparison.Ordinal)
                || variable.Key.StartsWith("POWERSHELL_", StringComparison.Ordinal))
            .Select(variable => $"{variable.Key}={variable.Value}");
        string[] module = options.ModuleFolder is null ? [] : ["PSModulePath=" + options.ModuleFolder];
        lines.Add("SetEnv " + string.Join(' ', kept.Concat(module).Select(Quote)));
        if (options.PowerShell.Count > 0)
            lines.Add($"Subsystem powershell sh /run/lab/jobs/{RemoteShell}");
        return Lines([.. lines]);
    }

    /// <summary>Quotes a word for sshd's configuration.</summary>
    private static string Quote(string word) =>
        $"\"{word.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    private static string Lines(params string[] lines) =>
        string.Concat(lines.Select(line => string.Create(CultureInfo.InvariantCulture, $"{line}\n")));
}
