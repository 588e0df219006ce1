namespace DmaBuf.Lab;

/// <summary>Chooses between the processor's own virtualisation and QEMU's emulation of a processor.</summary>
public static class Accelerator
{
    private const string Kvm = "kvm";
    private const string Tcg = "tcg";

    private static readonly string[] s_nestedParameters =
        ["/sys/module/kvm_amd/parameters/nested", "/sys/module/kvm_intel/parameters/nested"];

    private static readonly TimeSpan s_trialLimit = TimeSpan.FromSeconds(15);

    /// <summary>Returns the name of the accelerator to use.</summary>
    /// <remarks>
    /// /dev/kvm can exist and still fail to run a machine, or hang, so this boots a kernel on it once. The result is
    /// kept until this computer restarts or QEMU changes.
    /// </remarks>
    public static async Task<string> ChooseAsync(
        Kernel kernel, string initramfs, bool runsGuests, CancellationToken cancellationToken = default)
    {
        if (kernel.Architecture.IsForeign || !CanOpenKvm() || (runsGuests && !KvmIsNestable()))
            return Tcg;
        var boot = await File.ReadAllTextAsync("/proc/sys/kernel/random/boot_id", cancellationToken);
        var qemu = File.GetLastWriteTimeUtc(QemuProcess.Program(kernel.Architecture));
        var verdicts = await CacheFolder.GetOrAddAsync(
            $"accelerator/{boot.Trim()}-{qemu.Ticks:x}",
            async folder =>
            {
                var works = await TryAsync(kernel, initramfs, folder, cancellationToken);
                await File.WriteAllTextAsync(Path.Combine(folder, "verdict"), works ? Kvm : Tcg, cancellationToken);
            },
            cancellationToken);
        return await File.ReadAllTextAsync(Path.Combine(verdicts, "verdict"), cancellationToken);
    }

    /// <summary>Returns QEMU's arguments for the accelerator and the processor, by default the usual one.</summary>
    public static string[] Arguments(
        MachineArchitecture architecture, string accelerator, string? processor = null) =>
    [
        "-accel", accelerator == Tcg ? "tcg,thread=multi" : accelerator,
        "-cpu", processor ?? architecture.Processor(isEmulated: accelerator == Tcg),
    ];

    /// <summary>Returns the kernel parameters that the accelerator needs.</summary>
    public static string KernelParameters(MachineArchitecture architecture, string accelerator) =>
        accelerator == Tcg ? architecture.EmulatedKernelParameters : string.Empty;

    private static bool CanOpenKvm()
    {
        try
        {
            using var kvm = new FileStream("/dev/kvm", FileMode.Open, FileAccess.ReadWrite);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return false;
        }
    }

    /// <summary>Whether a machine on this computer's KVM can have a KVM of its own.</summary>
    private static bool KvmIsNestable() =>
        s_nestedParameters.Any(file => File.Exists(file) && File.ReadAllText(file).Trim() is "1" or "Y");

    private static async Task<bool> TryAsync(
        Kernel kernel, string initramfs, string folder, CancellationToken cancellationToken)
    {
        var console = Path.Combine(folder, "console");
        var architecture = kernel.Architecture;
        await using var qemu = QemuProcess.Start(
            QemuProcess.Program(architecture),
            [
                .. Arguments(architecture, Kvm), .. architecture.Board,
                "-m", "512", "-nodefaults", "-display", "none", "-no-reboot",
                "-kernel", kernel.Image, "-initrd", initramfs,
                "-append", $"console={architecture.Console} quiet panic=-1 lab_trial=1", "-serial", "file:" + console,
            ]);
        try
        {
            await qemu.Exited.WaitAsync(s_trialLimit, cancellationToken);
        }
        catch (TimeoutException)
        {
            return false;
        }

        return File.Exists(console)
            && File.ReadLines(console).Any(line => line.Contains("this accelerator works", StringComparison.Ordinal));
    }
}
