using System.Runtime.InteropServices;
using DmaBuf.Interop;

namespace DmaBuf.Errors;

/// <summary>What helps where a driver's device is missing: that depends on how the kernel was built.</summary>
internal static class MissingDriver
{
    /// <summary>The advice for the running kernel.</summary>
    /// <param name="device">The missing device.</param>
    /// <param name="module">The driver's module.</param>
    /// <param name="option">The kernel option that builds the driver.</param>
    public static string Action(string device, string module, string option)
    {
        var isLoaded = Directory.Exists($"/sys/module/{module.Replace('-', '_')}");
        return Action(device, module, option, isLoaded ? "y" : KernelConfig.Value(option));
    }

    /// <summary>The advice for a kernel whose option has a value of <see cref="KernelConfig.Value"/>.</summary>
    internal static string Action(string device, string module, string option, string? value) => value switch
    {
        null => $"Load the module with 'modprobe {module}', or use a kernel with {option}.",
        "m" => $"Load the module with 'modprobe {module}'.",
        "" => $"This kernel has no such driver: use a kernel with {option}.",
        _ => $"This kernel has the driver, but {device} is missing: mount a devtmpfs at /dev, or pass the device into "
            + "this container.",
    };

    /// <summary>The advice for /dev/kvm, whose driver depends on the processor.</summary>
    public static string KvmAction(string device)
    {
        if (RuntimeInformation.ProcessArchitecture == Architecture.Arm64)
            return Action(device, "kvm", "CONFIG_KVM");
        var flags = SysFile.ReadLines("/proc/cpuinfo")
            .FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal))?.Split(' ') ?? [];
        return flags.Contains("vmx") ? Action(device, "kvm_intel", "CONFIG_KVM_INTEL")
            : flags.Contains("svm") ? Action(device, "kvm_amd", "CONFIG_KVM_AMD")
            : "The processor offers no virtualization: enable it in the firmware or, in a virtual machine, nested "
                + "virtualization in its host.";
    }

    /// <summary>The advice for a device of Xen, which exists only in its domains.</summary>
    public static string XenAction(string device, string module, string option) =>
        SysFile.Read("/sys/hypervisor/type") == "xen"
            ? Action(device, module, option)
            : "This machine is not a Xen domain, and only domains have grants: boot it under Xen.";
}
