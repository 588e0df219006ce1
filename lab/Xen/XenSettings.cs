namespace DmaBuf.Lab;

/// <summary>Makes the files that dom0's script reads, among them the guests' configurations.</summary>
internal static class XenSettings
{
    /// <summary>The memory in MiB that Xen needs for itself and for each guest.</summary>
    public const int OverheadMiB = 64;

    private static readonly string[] s_scripts = ["dom0", "domain", "guests", "guest-start", "on", "vif"];

    /// <summary>Returns the files' contents by their names.</summary>
    public static Dictionary<string, string> Files(
        XenHostOptions options, XenPackages packages, Kernel kernel, string driver, string payload, string initramfs)
    {
        var files = GuestSettings.Files(XenHost.Dom0, options, options.Guests, s_scripts);
        files["xen"] = GuestSettings.Lines(
            "XEN_VERSION=" + packages.Version,
            "ADDRESS=" + GuestSettings.HostAddress,
            "DRIVER=" + GuestCommand.Quote(driver),
            "GUESTS=" + GuestCommand.Quote(string.Join(' ', options.Guests.Select(guest => guest.Name))));
        foreach (var (number, guest) in options.Guests.Select((guest, number) => (number, guest)))
        {
            files[guest.Name + ".cfg"] = GuestSettings.Lines(
                $"name=\"{guest.Name}\"",
                $"kernel=\"{payload}\"",
                $"ramdisk=\"{initramfs}\"",
                // A ramfs holds the initial ramdisk, because a tmpfs could use only half of the memory.
                $"extra=\"console=hvc0 rootfstype=ramfs {XenBoot.CommonKernelParameters(options.Architecture)}"
                + $" lab_name={guest.Name} lab_address={GuestSettings.Address(number)}"
                + $" lab_server={GuestSettings.HostAddress} lab_start=guest-start"
                + $" lab_kernel={kernel.Version} lab_modules={kernel.Modules} {guest.KernelParameters}\"",
                $"memory={guest.MemoryMiB}",
                $"vcpus={guest.Processors}",
                $"max_grant_frames={guest.GrantFrames}",
                "vif=['script=/run/lab/jobs/vif']",
                "on_poweroff=\"destroy\"",
                "on_reboot=\"destroy\"",
                "on_crash=\"destroy\"")
                + GuestSettings.Lines(options.Architecture.XenGuestSettings(guest.Type));
        }

        return files;
    }
}
