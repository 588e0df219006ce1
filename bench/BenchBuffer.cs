using DmaBuf.Buffers;

namespace DmaBuf.Bench;

/// <summary>The buffers to measure: udmabufs where the kernel offers them, otherwise sealed memfds.</summary>
internal static class BenchBuffer
{
    public static bool IsDmaBuf { get; } = File.Exists("/dev/udmabuf");

    public static string Kind => IsDmaBuf ? "udmabuf" : "sealed memfd, because there is no /dev/udmabuf";

    public static DmaBuffer Create(long size) =>
        IsDmaBuf ? UdmabufAllocator.Allocate(size) : MemFdAllocator.Allocate(size);
}
