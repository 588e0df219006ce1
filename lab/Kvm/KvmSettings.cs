namespace DmaBuf.Lab;

/// <summary>Makes the files that the scripts of a KVM host read.</summary>
internal static class KvmSettings
{
    /// <summary>The size of a huge page in MiB.</summary>
    public const int HugePageMiB = 2;

    /// <summary>The memory in MiB that QEMU needs for each guest, besides the guest's own.</summary>
    public const int OverheadMiB = 96;

    private static readonly string[] s_scripts = ["kvm", "domain", "vm", "vm-start", "on"];

    /// <summary>Returns the files' contents by their names.</summary>
    public static Dictionary<string, string> Files(
        KvmHostOptions options, Kernel kernel, string payload, string initramfs)
    {
        var files = GuestSettings.Files(KvmHost.Host, options, options.Guests, s_scripts);
        var started = options.Guests.Where(guest => guest.StartsWithHost).Select(guest => guest.Name);
        files["kvm-settings"] = GuestSettings.Lines(
            "ADDRESS=" + GuestSettings.HostAddress,
            "GUESTS=" + GuestCommand.Quote(string.Join(' ', started)),
            "IMAGE=" + GuestCommand.Quote(payload),
            "INITRAMFS=" + GuestCommand.Quote(initramfs));
        foreach (var (number, guest) in options.Guests.Select((guest, number) => (number, guest)))
        {
            // A ramfs holds the initial ramdisk, because a tmpfs could use only half of the memory. The kernel stops
            // when it panics, so that a guest that cannot boot does not try again and again.
            var parameters = "console=ttyS0 quiet panic=0 mitigations=off rootfstype=ramfs"
                + $" hugepages={guest.HugePages} lab_name={guest.Name} lab_address={GuestSettings.Address(number)}"
                + $" lab_start=vm-start lab_kernel={kernel.Version} lab_modules={kernel.Modules}"
                + $" {guest.KernelParameters}";
            files[guest.Name] = GuestSettings.Lines(
                $"MEMORY={guest.MemoryMiB}",
                $"PROCESSORS={guest.Processors}",
                $"CID={KvmHost.FirstContextId + number}",
                $"MAC=52:54:00:5f:00:{number + 2:x2}",
                "PARAMETERS=" + GuestCommand.Quote(parameters));
        }

        return files;
    }
}
