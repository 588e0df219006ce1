namespace DmaBuf.Lab;

/// <summary>
/// 64-bit Arm: QEMU's board "virt", Xen as a kernel with modules in the device tree, one type of domain.
/// </summary>
internal sealed class Arm64Architecture : MachineArchitecture
{
    /// <summary>
    /// Where QEMU puts dom0's kernel. The board's memory begins at 0x40000000. dom0 sees its memory at the real
    /// addresses, so Xen needs large pieces of it, and the modules lie low.
    /// </summary>
    private const long ModulesAddress = 0x50000000;

    /// <summary>arm64 kernels start at multiples of 2 MiB; the ramdisk follows at the next one.</summary>
    private const long ModuleAlignment = 0x200000;

    /// <summary>
    /// The processor: one with atomic instructions, which are faster to emulate than loops of exclusive loads and
    /// stores, and without pointer authentication, which is slow to emulate.
    /// </summary>
    private const string EmulatedProcessor = "cortex-a76";

    /// <summary>
    /// A kernel at a random address uses one set of page tables for itself and another for programs. Each change of
    /// them empties the emulated processor's TLB, so that a system call takes 75 µs instead of 2.
    /// </summary>
    private const string OneSetOfPageTables = "nokaslr kpti=off";

    public override string Name => "arm64";

    public override string DisplayName => "Arm64";

    public override string DebianName => "arm64";

    public override string KernelName => "arm64";

    public override string Triplet => "aarch64-linux-gnu";

    public override string QemuProgram => "qemu-system-aarch64";

    public override string QemuPackage => "qemu-system-arm";

    /// <remarks>The lab's KVM host needs virtualisation within virtualisation, which KVM on Arm64 lacks.</remarks>
    public override bool RunsKvmGuests => false;

    public override bool HasXenGuestTypes => false;

    internal override string LoaderFolder => "lib";

    internal override string Console => "ttyAMA0";

    internal override string[] Board => ["-machine", "virt,gic-version=max"];

    internal override string EmulatedKernelParameters => OneSetOfPageTables;

    internal override string XenKernelParameters => " " + OneSetOfPageTables;

    internal override string[] XenGuestSettings(XenGuestType type) => [];

    internal override string Processor(bool isEmulated) => isEmulated ? EmulatedProcessor : "host";

    internal override string XenProcessor(XenGuestType dom0) => EmulatedProcessor;

    internal override string XenVirtioSettings(XenGuestType dom0) => string.Empty;

    /// <remarks>
    /// dom0 maps other domains' pages at the addresses of memory that is not its own, but only above its own memory,
    /// because its kernel's linear mapping begins there. Xen puts dom0 as high as it can below 4 GiB, so there is room
    /// if the machine's memory, which begins at 1 GiB, goes on above. Otherwise xl cannot load a guest (ENOMEM). What
    /// no domain uses takes no memory of this computer.
    /// </remarks>
    internal override int LeastXenMemoryMiB => 4096;

    internal override string[] XenBootArguments(XenBoot xen, MachineFolder folder, int processors)
    {
        var kernelLength = File.ResolveLinkTarget(folder.KernelLink, returnFinalTarget: true) is FileInfo kernel
            ? kernel.Length
            : new FileInfo(folder.KernelLink).Length;
        var ramdiskAddress = ModulesAddress + ((kernelLength / ModuleAlignment) + 1) * ModuleAlignment;
        return
        [
            "-machine", "virt,virtualization=on,gic-version=3",
            "-kernel", xen.Packages.Hypervisor,
            "-append", $"console=dtuart dom0_mem={xen.Dom0MemoryMiB}M {xen.CommonHypervisorParameters(processors)}"
                // Debian's Xen for Arm64 forbids guests to share with each other by default (SILO). Scrubbing would
                // touch all of the memory, so that QEMU had to allocate it.
                + " sched_ratelimit_us=0 xsm=dummy bootscrub=off",
            "-device", $"guest-loader,addr=0x{ModulesAddress:x},kernel={folder.KernelLink}"
                + $",bootargs={MachineArguments.Escape(xen.Dom0Parameters)}",
            "-device", $"guest-loader,addr=0x{ramdiskAddress:x},initrd={folder.InitramfsLink}",
        ];
    }
}
