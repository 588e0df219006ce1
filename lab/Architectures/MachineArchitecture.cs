using System.Runtime.InteropServices;

namespace DmaBuf.Lab;

/// <summary>
/// The processor architecture of a machine, and everything in the lab that differs by it. A machine of this computer's
/// own architecture sees this computer's programs. One of another architecture sees Debian's programs for that
/// architecture in their place, see <see cref="PackageLayer"/>.
/// </summary>
public abstract class MachineArchitecture
{
    private protected MachineArchitecture()
    {
    }

    /// <summary>x86-64.</summary>
    public static MachineArchitecture X64 { get; } = new X64Architecture();

    /// <summary>64-bit Arm.</summary>
    public static MachineArchitecture Arm64 { get; } = new Arm64Architecture();

    /// <summary>The architecture of this computer.</summary>
    public static MachineArchitecture OfThisComputer =>
        RuntimeInformation.OSArchitecture == Architecture.Arm64 ? Arm64 : X64;

    /// <summary>The name that .NET uses in runtime identifiers: x64, arm64.</summary>
    public abstract string Name { get; }

    /// <summary>The name for people.</summary>
    public abstract string DisplayName { get; }

    /// <summary>The name that Debian uses for packages.</summary>
    public abstract string DebianName { get; }

    /// <summary>The name that the kernel's makefiles use.</summary>
    public abstract string KernelName { get; }

    /// <summary>The name of the libraries' folder, and the first part of the cross compiler's name.</summary>
    public abstract string Triplet { get; }

    /// <summary>The name of QEMU's program.</summary>
    public abstract string QemuProgram { get; }

    /// <summary>Debian's package with that program.</summary>
    public abstract string QemuPackage { get; }

    /// <summary>Whether this computer cannot run the architecture's programs.</summary>
    public bool IsForeign => this != OfThisComputer;

    /// <summary>What precedes the names of gcc, strip and the like; empty for this computer's own compiler.</summary>
    public string CompilerPrefix => IsForeign ? Triplet + "-" : string.Empty;

    /// <summary>Debian's package with the cross compiler, if <see cref="IsForeign"/>.</summary>
    public string CrossCompilerPackage => $"gcc-{Triplet.Replace('_', '-')}";

    /// <summary>Whether a machine can have a KVM of its own.</summary>
    public abstract bool RunsKvmGuests { get; }

    /// <summary>Whether Xen runs domains as PV or as PVH domains, and not all in one way.</summary>
    public abstract bool HasXenGuestTypes { get; }

    /// <summary>Returns the architecture with that name, by any of its names, or null.</summary>
    public static MachineArchitecture? Find(string name) => new[] { X64, Arm64 }.FirstOrDefault(candidate =>
        new[] { candidate.Name, candidate.DisplayName, candidate.DebianName }.Contains(
            name, StringComparer.OrdinalIgnoreCase));

    /// <inheritdoc/>
    public sealed override string ToString() => DisplayName;

    /// <summary>The folder below usr in which Debian has the dynamic loader.</summary>
    internal abstract string LoaderFolder { get; }

    /// <summary>The kernel's first serial console.</summary>
    internal abstract string Console { get; }

    /// <summary>QEMU's arguments for the board; none for QEMU's default.</summary>
    internal abstract string[] Board { get; }

    /// <summary>
    /// Settings of the guests' configurations for xl that the other architectures do not have.
    /// </summary>
    internal abstract string[] XenGuestSettings(XenGuestType type);

    /// <summary>Returns QEMU's name for the processor on an accelerator.</summary>
    internal abstract string Processor(bool isEmulated);

    /// <summary>Parameters of every kernel on an emulated processor, or none.</summary>
    internal abstract string EmulatedKernelParameters { get; }

    /// <summary>Parameters of every kernel on Xen, each after a space, or none.</summary>
    internal abstract string XenKernelParameters { get; }

    /// <summary>Returns QEMU's name for the processor that Xen runs on.</summary>
    internal abstract string XenProcessor(XenGuestType dom0);

    /// <summary>Settings of QEMU's virtio devices, each after a comma, or none.</summary>
    internal abstract string XenVirtioSettings(XenGuestType dom0);

    /// <summary>The least memory in MiB of a machine that runs Xen, whatever its domains need.</summary>
    internal abstract int LeastXenMemoryMiB { get; }

    /// <summary>Returns QEMU's arguments that boot Xen, with dom0's kernel and its ramdisk.</summary>
    internal abstract string[] XenBootArguments(XenBoot xen, MachineFolder folder, int processors);
}
