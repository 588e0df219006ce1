using DmaBuf.Buffers;
using DmaBuf.Discovery;

namespace DmaBuf.Tests;

/// <summary>
/// Creates buffers for tests that work with any kind of memory: udmabufs where the machine has them, otherwise memfds.
/// </summary>
internal static class Buffers
{
    public static string Backing => Discovery.Support.Check(SupportFeature.UDmaBuf).Available ? "udmabuf" : "memfd";

    public static DmaBuffer New(long size, string? name = null)
    {
        var options = new MemFdOptions { Name = name };
        return Backing == "udmabuf"
            ? UdmabufAllocator.Allocate(size, 1, options)
            : MemFdAllocator.Allocate(size, options);
    }

    public static byte[] Pattern(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }
}
