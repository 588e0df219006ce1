using DmaBuf.Buffers;
using DmaBuf.Discovery;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>Skips a test where the machine lacks what the test needs; the reason names what is missing.</summary>
internal static class Requires
{
    public static void Udmabuf() => Available(SupportFeature.UDmaBuf, "/dev/udmabuf");

    public static void DmaHeap() => Available(SupportFeature.DmaHeap, "/dev/dma_heap");

    public static void HugePages(int count) =>
        Assert.SkipUnless(PageSizes.FreeHuge >= count, $"needs {count} reserved huge pages");

    public static void VsockLoopback() =>
        Assert.SkipUnless(
            File.Exists("/sys/module/vsock_loopback/refcnt") || Directory.Exists("/sys/module/vsock_loopback"),
            "needs the kernel module vsock_loopback");

    public static void IPv6()
    {
        const string Addresses = "/proc/net/if_inet6";
        Assert.SkipUnless(
            File.Exists(Addresses) && File.ReadAllText(Addresses).Contains(" lo", StringComparison.Ordinal),
            "needs IPv6 on the loopback interface");
    }

    public static void Xen() =>
        Assert.SkipUnless(
            File.Exists("/dev/xen/gntdev") && File.Exists("/run/xenstored/socket"), "needs dom0 of a Xen host");

    public static void Vivid() =>
        Assert.SkipUnless(Directory.Exists("/sys/module/vivid"), "needs the kernel module vivid");

    public static void Program(string name, string package) => Assert.SkipUnless(
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists($"{folder}/{name}")),
        $"needs Debian's {package}");

    public static void Sdl2() => Assert.SkipUnless(Interop.Sdl2.TryLoad(), "needs Debian's libsdl2-2.0-0");

    public static void Root() => Assert.SkipUnless(Interop.Unistd.EffectiveUserId == 0, "needs root");

    private static void Available(SupportFeature feature, string what) =>
        Assert.SkipUnless(Discovery.Support.Check(feature).Available, $"needs {what}");
}
