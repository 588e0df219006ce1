using System.Text;
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

    /// <summary>Writes a text at the start of a buffer.</summary>
    public static void Write(this DmaBuffer buffer, string text) =>
        new ContentWriter(buffer, 0).Write(Encoding.UTF8.GetBytes(text));

    /// <summary>The text at the start of a buffer, up to the first NUL.</summary>
    public static string Text(this DmaBuffer buffer)
    {
        using var view = buffer.OpenView(BufferAccess.Read);
        var bytes = view.Slice(0, (int)Math.Min(buffer.Size, 4096));
        var end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }
}
