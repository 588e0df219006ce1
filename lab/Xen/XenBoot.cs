using System.Globalization;

namespace DmaBuf.Lab;

/// <summary>The hypervisor below a machine's kernel, which is dom0 then.</summary>
/// <param name="Qemu">The program that emulates the host.</param>
/// <param name="Packages">The hypervisor and its tools.</param>
/// <param name="Type">How Xen runs dom0.</param>
/// <param name="Dom0MemoryMiB">dom0's part of the machine's memory, in MiB.</param>
/// <param name="GrantFrames">The frames of dom0's grant table, and of a guest's at most.</param>
/// <param name="KernelParameters">More for the command line of dom0's kernel.</param>
public sealed record XenBoot(
    string Qemu, XenPackages Packages, XenGuestType Type, int Dom0MemoryMiB, int GrantFrames, string KernelParameters)
{
    /// <summary>
    /// QEMU's processor. SMAP faults a PV kernel's own return from an interrupt, RDTSCP is an instruction that Xen
    /// cannot decode for a PVH guest, and XSAVE breaks such a guest's signal frames. For a PVH dom0 Xen emulates RDTSC,
    /// at half of dom0's speed, unless the counter says that its rate never changes; QEMU has to be forced to say so.
    /// </summary>
    internal string Processor => "max,-smap,-rdtscp,-xsave" + (Type == XenGuestType.Pv ? string.Empty : ",+invtsc,x-force-features=on");

    /// <summary>
    /// What helps every kernel in the emulated host. Its own trial of the clock takes eight seconds, and where it does
    /// not trust the processor's counter, which is this computer's own, each look at the clock is a slow system call.
    /// Where this computer changes its processors' rate, that says nothing of the counter's: then Xen's clock remains.
    /// </summary>
    internal static string CommonKernelParameters { get; } =
        $"quiet panic=-1 mitigations=off tsc_early_khz={ProcessorKhz()}"
        + (Directory.Exists("/sys/devices/system/cpu/cpu0/cpufreq") ? string.Empty : " clocksource=tsc tsc=reliable");

    /// <summary>
    /// QEMU's board. A PVH dom0's memory is not where it says it is, so devices find it through an IOMMU alone; of
    /// QEMU's two it is AMD's, because with Intel's dom0 hung at its first virtio device.
    /// </summary>
    internal string[] Board => Type == XenGuestType.Pv ? [] : ["-machine", "q35", "-device", "amd-iommu,intremap=on"];

    /// <summary>What is added to QEMU's virtio devices, so that they go through the IOMMU.</summary>
    internal string VirtioSettings => Type == XenGuestType.Pv ? string.Empty : ",iommu_platform=on,disable-legacy=on";

    /// <summary>The hypervisor's command line.</summary>
    internal string HypervisorParameters(int processors) =>
        $"console=com1 com1=115200,8n1 dom0_mem={Dom0MemoryMiB}M,max:{Dom0MemoryMiB}M dom0_max_vcpus={processors}"
        + $" gnttab_max_frames={GrantFrames} spec-ctrl=no sched_ratelimit_us=0"
        + (Type == XenGuestType.Pv ? string.Empty : " dom0=pvh");

    private static long ProcessorKhz()
    {
        const double Usual = 3000;
        string? line = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("cpu MHz", StringComparison.Ordinal));
        var mhz = double.TryParse(line?.Split(':')[^1], CultureInfo.InvariantCulture, out var read) ? read : Usual;
        return (long)(mhz * 1000);
    }
}
