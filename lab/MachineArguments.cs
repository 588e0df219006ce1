namespace DmaBuf.Lab;

/// <summary>QEMU's arguments for a machine.</summary>
internal static class MachineArguments
{
    /// <summary>Returns the arguments for the options.</summary>
    public static string[] For(
        MachineOptions options, MachineFolder folder, Kernel kernel, string initramfs, string accelerator) =>
    [
        .. Accelerator.Arguments(options.Architecture, accelerator, options.Xen?.Processor),
        "-m", $"{options.MemoryMiB}",
        "-smp", $"{options.Processors}",
        "-nodefaults", "-display", "none", "-no-reboot",
        .. options.Xen is null
            ? Boot(options, kernel, initramfs, accelerator)
            : options.Architecture.XenBootArguments(options.Xen, folder, options.Processors),
        "-serial", "file:" + Escape(folder.Console),
        // hvc0 is the terminal of an interactive run, in which Ctrl+C belongs to the machine.
        "-chardev", options.Terminal ? "stdio,id=terminal,signal=off" : "null,id=terminal",
        "-device", "virtio-serial-pci" + VirtioSettings(options), "-device", "virtconsole,chardev=terminal,nr=0",
        .. folder.Control.Arguments(1),
        .. folder.Input.Arguments(2),
        .. folder.Output.Arguments(3),
        .. folder.Error.Arguments(4),
        .. Share(options, "host", "/", ",readonly=on"),
        .. options.Layer is null ? [] : Share(options, MachineSettings.LayerTag, options.Layer.Root, ",readonly=on"),
        .. Share(options, "jobs", folder.Jobs),
        .. options.SharedFolders.SelectMany((path, number) => Share(options, MachineSettings.ShareTag(number), path)),
    ];

    private static string[] Boot(MachineOptions options, Kernel kernel, string initramfs, string accelerator) =>
    [
        .. options.Architecture.Board,
        "-kernel", kernel.Image,
        "-initrd", initramfs,
        "-append", $"console={options.Architecture.Console} quiet panic=-1 hugepages={options.HugePages}"
            + $" {Accelerator.KernelParameters(options.Architecture, accelerator)}",
    ];

    private static string[] Share(MachineOptions options, string tag, string path, string more = "") =>
    [
        "-fsdev", $"local,id={tag},path={Escape(path)},security_model=none,multidevs=remap{more}",
        "-device", $"virtio-9p-pci,fsdev={tag},mount_tag={tag}{VirtioSettings(options)}",
    ];

    private static string VirtioSettings(MachineOptions options) => options.Xen?.VirtioSettings ?? string.Empty;

    /// <summary>Doubles commas, because QEMU ends a value at a single comma.</summary>
    internal static string Escape(string path) => path.Replace(",", ",,", StringComparison.Ordinal);
}
