using DmaBuf.Buffers;

namespace DmaBuf.Bench;

/// <summary>What is measured on: a udmabuf where the kernel has them, else a sealed memfd.</summary>
internal static class BenchBuffer
{
    public static bool IsDmaBuf { get; } = File.Exists("/dev/udmabuf");

    public static string Kind => IsDmaBuf ? "udmabuf" : "sealed memfd, since there is no /dev/udmabuf";

    public static DmaBuffer Create(long size) => IsDmaBuf ? UdmabufAllocator.Allocate(size) : MemFdAllocator.Allocate(size);
}
