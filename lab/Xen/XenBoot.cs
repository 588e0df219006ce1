using System.Globalization;

namespace DmaBuf.Lab;

/// <summary>The hypervisor below a machine's kernel, which makes the machine dom0.</summary>
/// <param name="Packages">The hypervisor and its tools.</param>
/// <param name="Type">How Xen runs dom0.</param>
/// <param name="Dom0MemoryMiB">dom0's share of the machine's memory, in MiB.</param>
/// <param name="GrantFrames">The number of frames in dom0's grant table, and the limit for a guest's.</param>
/// <param name="KernelParameters">Further parameters for dom0's kernel.</param>
public sealed record XenBoot(
    XenPackages Packages, XenGuestType Type, int Dom0MemoryMiB, int GrantFrames, string KernelParameters)
{
    /// <summary>
    /// QEMU's processor, without features that fail under emulation: SMAP makes a PV kernel's return from an interrupt
    /// fault, Xen cannot decode RDTSCP for a PVH guest, and XSAVE breaks such a guest's signal frames. For a PVH dom0,
    /// Xen emulates RDTSC, which halves dom0's speed, unless the processor declares its counter invariant; QEMU has to
    /// be forced to declare it.
    /// </summary>
    internal string Processor =>
        "max,-smap,-rdtscp,-xsave" + (Type == XenGuestType.Pv ? string.Empty : ",+invtsc,x-force-features=on");

    /// <summary>
    /// Kernel parameters that help every kernel in the emulated host. A kernel's calibration of the clock would take
    /// eight seconds. If a kernel did not trust the processor's counter, which is this computer's own, each reading of
    /// the clock would be a slow system call. On a computer with frequency scaling, the processor's rate says nothing
    /// about the counter's, so Xen's clock stays in use.
    /// </summary>
    internal static string CommonKernelParameters { get; } =
        $"quiet panic=-1 mitigations=off tsc_early_khz={ProcessorKhz()}"
        + (Directory.Exists("/sys/devices/system/cpu/cpu0/cpufreq") ? string.Empty : " clocksource=tsc tsc=reliable");

    /// <summary>
    /// QEMU's board. The memory of a PVH dom0 is not at the addresses that dom0 uses, so devices can reach it only
    /// through an IOMMU. It is AMD's, because with Intel's, dom0 hangs at its first virtio device.
    /// </summary>
    internal string[] Board => Type == XenGuestType.Pv ? [] : ["-machine", "q35", "-device", "amd-iommu,intremap=on"];

    /// <summary>Settings of QEMU's virtio devices that make them use the IOMMU.</summary>
    internal string VirtioSettings => Type == XenGuestType.Pv ? string.Empty : ",iommu_platform=on,disable-legacy=on";

    /// <summary>The hypervisor's command line.</summary>
    internal string HypervisorParameters(int processors) =>
        $"console=com1 com1=115200,8n1 dom0_mem={Dom0MemoryMiB}M,max:{Dom0MemoryMiB}M dom0_max_vcpus={processors}"
        + $" gnttab_max_frames={GrantFrames} spec-ctrl=no sched_ratelimit_us=0"
        + (Type == XenGuestType.Pv ? string.Empty : " dom0=pvh");

    private static long ProcessorKhz()
    {
        const double Usual = 3000;
        string? line = File.ReadLines("/proc/cpuinfo")
            .FirstOrDefault(line => line.StartsWith("cpu MHz", StringComparison.Ordinal));
        var mhz = double.TryParse(line?.Split(':')[^1], CultureInfo.InvariantCulture, out var read) ? read : Usual;
        return (long)(mhz * 1000);
    }
}
