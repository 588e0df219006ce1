using DmaBuf.Buffers;
using DmaBuf.Grants;

namespace DmaBuf.Pair;

/// <summary>The first byte of each page tells which page it is, so that no round succeeds with the wrong pages.</summary>
internal static class Stamp
{
    public static void Write(DmaBuffer buffer)
    {
        using var view = buffer.OpenView(BufferAccess.ReadWrite);
        var bytes = view.WritableSlice(0, (int)buffer.Size);
        for (var page = 0; page * GrantRefs.GrantPageSize < bytes.Length; page++)
            bytes[page * GrantRefs.GrantPageSize] = Of(page);
    }

    /// <exception cref="InvalidDataException">A page is not the exporter's.</exception>
    public static void Check(DmaBuffer buffer)
    {
        using var view = buffer.OpenView(BufferAccess.Read);
        var bytes = view.Slice(0, (int)buffer.Size);
        for (var page = 0; page * GrantRefs.GrantPageSize < bytes.Length; page++)
        {
            if (bytes[page * GrantRefs.GrantPageSize] != Of(page))
                throw new InvalidDataException($"Page {page} is not the exporter's.");
        }
    }

    private static byte Of(int page) => (byte)((page * 7) + 1);
}
