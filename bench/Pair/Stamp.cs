using DmaBuf.Buffers;
using DmaBuf.Grants;

namespace DmaBuf.Pair;

/// <summary>Marks each page's first byte with the page's number, so that no round succeeds with wrong pages.</summary>
internal static class Stamp
{
    public static void Write(DmaBuffer buffer)
    {
        using var view = buffer.OpenView(BufferAccess.ReadWrite);
        var bytes = view.WritableSlice(0, (int)buffer.Size);
        for (var page = 0; page * GrantRefs.GrantPageSize < bytes.Length; page++)
            bytes[page * GrantRefs.GrantPageSize] = Of(page);
    }

    /// <exception cref="InvalidDataException">A page does not have the exporter's mark.</exception>
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
