using Xunit;

namespace DmaBufPS.Tests;

/// <summary>Skips a test where the machine lacks what the test needs; the reason names what is missing.</summary>
internal static class Requires
{
    /// <summary>The trait's name for tests that need a device, which also run in the emulated machine.</summary>
    public const string Trait = "Needs";

    /// <summary>The trait's value.</summary>
    public const string Device = "Device";

    public static void Udmabuf(Shell shell) => Available(shell, "UDmaBuf", "/dev/udmabuf");

    public static void DmaHeap(Shell shell) => Available(shell, "DmaHeap", "/dev/dma_heap");

    public static void Vsock(Shell shell) => Available(shell, "Vsock", "vsock");

    /// <summary>Requires that the C library itself asks the name server: only then can a test make it hang.</summary>
    public static void NameService()
    {
        const string Settings = "/etc/nsswitch.conf";
        var lines = File.Exists(Settings) ? File.ReadAllLines(Settings) : [];
        var order = Array.Find(lines, line => line.StartsWith("hosts:", StringComparison.Ordinal));
        var hosts = order?.Split(' ', '\t') ?? [];
        Assert.SkipUnless(
            hosts.Contains("dns") && !hosts.Contains("resolve"),
            $"needs 'dns' without 'resolve' for hosts in {Settings}");
    }

    public static void NoXen(Shell shell) =>
        Assert.SkipWhen(IsAvailable(shell, "Xen"), "needs a machine that is not a Xen domain");

    private static void Available(Shell shell, string feature, string what) =>
        Assert.SkipUnless(IsAvailable(shell, feature), $"needs {what}");

    private static bool IsAvailable(Shell shell, string feature) =>
        shell.Run($"Test-DmaBufSupport {feature}")[0].BaseObject is true;
}
