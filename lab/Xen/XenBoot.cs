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
    /// <summary>QEMU's processor.</summary>
    internal string Processor => Packages.Architecture.XenProcessor(Type);

    /// <summary>Settings of QEMU's virtio devices.</summary>
    internal string VirtioSettings => Packages.Architecture.XenVirtioSettings(Type);

    /// <summary>The command line of dom0's kernel.</summary>
    internal string Dom0Parameters =>
        $"console=hvc0 {CommonKernelParameters(Packages.Architecture)} {KernelParameters}";

    /// <summary>Kernel parameters that help every kernel in the emulated host.</summary>
    internal static string CommonKernelParameters(MachineArchitecture architecture) =>
        "quiet panic=-1 mitigations=off" + architecture.XenKernelParameters;

    /// <summary>The part of the hypervisor's command line that is the same on all architectures.</summary>
    internal string CommonHypervisorParameters(int processors) =>
        $"dom0_max_vcpus={processors} gnttab_max_frames={GrantFrames}";
}
