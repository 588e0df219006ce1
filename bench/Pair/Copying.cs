using System.Runtime.InteropServices;
using DmaBuf.Buffers;

namespace DmaBuf.Pair;

/// <summary>Measures how long it takes to copy a buffer's content.</summary>
internal static class Copying
{
    /// <summary>
    /// The median of some copies of the whole buffer, in nanoseconds. All programs align the target to a page;
    /// otherwise its alignment would depend on chance, and the copy's speed on that.
    /// </summary>
    public static unsafe long Median(DmaBuffer buffer, int copies)
    {
        var memory = NativeMemory.AlignedAlloc((nuint)buffer.Size, (nuint)Environment.SystemPageSize);
        var target = new Span<byte>(memory, (int)buffer.Size);
        target.Clear();
        var times = new long[copies];
        for (var i = 0; i < copies; i++)
        {
            var start = Clock.Now;
            using (var view = buffer.OpenView(BufferAccess.Read))
                view.Slice(0, target.Length).CopyTo(target);
            times[i] = Clock.Now - start;
        }

        NativeMemory.AlignedFree(memory);
        Array.Sort(times);
        return times[copies / 2];
    }
}
