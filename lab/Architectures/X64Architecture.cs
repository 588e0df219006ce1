using System.Globalization;

namespace DmaBuf.Lab;

/// <summary>x86-64: QEMU's usual boards, Xen as a multiboot kernel, PV and PVH domains.</summary>
internal sealed class X64Architecture : MachineArchitecture
{
    public override string Name => "x64";

    public override string DisplayName => "x86-64";

    public override string DebianName => "amd64";

    public override string KernelName => "x86";

    public override string Triplet => "x86_64-linux-gnu";

    public override string QemuProgram => "qemu-system-x86_64";

    public override string QemuPackage => "qemu-system-x86";

    public override bool RunsKvmGuests => true;

    public override bool HasXenGuestTypes => true;

    internal override string LoaderFolder => "lib64";

    internal override string Console => "ttyS0";

    internal override string[] Board => [];

    /// <remarks>
    /// An emulated processor's time stamp counter is this computer's own. On a busy computer, the kernel's watchdog
    /// would still find that it deviates too far from a slower clock and switch to that clock, each reading of which is
    /// a slow system call.
    /// </remarks>
    internal override string EmulatedKernelParameters => "tsc=nowatchdog";

    /// <remarks>
    /// A kernel's calibration of the clock would take eight seconds. If a kernel did not trust the processor's counter,
    /// which is this computer's own, each reading of the clock would be a slow system call. On a computer with
    /// frequency scaling, the processor's rate says nothing about the counter's, so Xen's clock stays in use.
    /// </remarks>
    internal override string XenKernelParameters { get; } =
        $" tsc_early_khz={ProcessorKhz()}"
        + (Directory.Exists("/sys/devices/system/cpu/cpu0/cpufreq") ? string.Empty : " clocksource=tsc tsc=reliable");

    internal override string[] XenGuestSettings(XenGuestType type) =>
        [$"type=\"{type.ToString().ToLowerInvariant()}\"", "tsc_mode=\"native\""];

    /// <remarks>
    /// Without SMAP: emulation checks the stack that iretq reads in a user's program, which .NET runs when it resumes a
    /// thread, as if it were the kernel's, and the program is killed.
    /// </remarks>
    internal override string Processor(bool isEmulated) => "max,-smap";

    /// <remarks>
    /// Without features that fail under emulation: SMAP makes a PV kernel's return from an interrupt fault, Xen cannot
    /// decode RDTSCP for a PVH guest, and XSAVE breaks such a guest's signal frames. For a PVH dom0, Xen emulates
    /// RDTSC, which halves dom0's speed, unless the processor declares its counter invariant; QEMU has to be forced to
    /// declare it.
    /// </remarks>
    internal override string XenProcessor(XenGuestType dom0) =>
        "max,-smap,-rdtscp,-xsave" + (dom0 == XenGuestType.Pv ? string.Empty : ",+invtsc,x-force-features=on");

    /// <remarks>These make the devices use the IOMMU.</remarks>
    internal override string XenVirtioSettings(XenGuestType dom0) =>
        dom0 == XenGuestType.Pv ? string.Empty : ",iommu_platform=on,disable-legacy=on";

    internal override int LeastXenMemoryMiB => 0;

    /// <remarks>
    /// The memory of a PVH dom0 is not at the addresses that dom0 uses, so devices can reach it only through an IOMMU.
    /// It is AMD's, because with Intel's, dom0 hangs at its first virtio device.
    /// </remarks>
    internal override string[] XenBootArguments(XenBoot xen, MachineFolder folder, int processors)
    {
        var isPv = xen.Type == XenGuestType.Pv;
        string[] board = isPv ? [] : ["-machine", "q35", "-device", "amd-iommu,intremap=on"];
        var memory = $"dom0_mem={xen.Dom0MemoryMiB}M,max:{xen.Dom0MemoryMiB}M";
        return
        [
            .. board,
            "-kernel", xen.Packages.Hypervisor,
            // dom0's kernel and its ramdisk are modules of the hypervisor.
            "-initrd", $"{folder.KernelLink} {MachineArguments.Escape(xen.Dom0Parameters)},{folder.InitramfsLink}",
            "-append", $"console=com1 com1=115200,8n1 {memory} {xen.CommonHypervisorParameters(processors)}"
                + " spec-ctrl=no sched_ratelimit_us=0" + (isPv ? string.Empty : " dom0=pvh"),
        ];
    }

    private static long ProcessorKhz()
    {
        const double Usual = 3000;
        string? line = File.ReadLines("/proc/cpuinfo")
            .FirstOrDefault(line => line.StartsWith("cpu MHz", StringComparison.Ordinal));
        var mhz = double.TryParse(line?.Split(':')[^1], CultureInfo.InvariantCulture, out var read) ? read : Usual;
        return (long)(mhz * 1000);
    }
}
