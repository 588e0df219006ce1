using DmaBuf.Buffers;

namespace DmaBuf.Frames;

/// <summary>
/// One of the buffers that a stream uses in turn, and the frame that is in it now. The same object stands for the next
/// frame in the same buffer, so that a frame costs no allocation.
/// </summary>
public sealed class Frame
{
    private readonly int[] _planeBytes;
    private readonly int[] _planeOffsets;

    internal Frame(int index, params IReadOnlyList<DmaBuffer> planes)
    {
        Index = index;
        Planes = planes;
        _planeBytes = new int[planes.Count];
        _planeOffsets = new int[planes.Count];
    }

    /// <summary>The buffer's index, from 0.</summary>
    public int Index { get; }

    /// <summary>The buffers of its planes in memory: one, except on multi-planar devices.</summary>
    public IReadOnlyList<DmaBuffer> Planes { get; }

    /// <summary>The buffer of the first plane.</summary>
    public DmaBuffer Buffer => Planes[0];

    /// <summary>The bytes of the frame, in all planes.</summary>
    public int BytesUsed { get; private set; }

    /// <summary>
    /// The flags of the source, as V4L2 defines them (V4L2_BUF_FLAG_*; linux/videodev2.h); 0 where it has none.
    /// </summary>
    public uint Flags { get; internal set; }

    /// <summary>The frame's number, as the source counts it. A gap means that frames were dropped.</summary>
    public ulong Sequence { get; internal set; }

    /// <summary>When the frame was captured, by the source's clock (usually CLOCK_MONOTONIC of its machine).</summary>
    public TimeSpan Timestamp { get; internal set; }

    /// <summary>Whether the source reported that the frame's content may be damaged (V4L2_BUF_FLAG_ERROR).</summary>
    public bool IsDamaged { get; internal set; }

    /// <summary>A number that changes when the buffer gets its next frame.</summary>
    internal long Generation { get; private set; }

    /// <summary>The bytes of the frame in one plane.</summary>
    public int PlaneBytes(int plane) => _planeBytes[plane];

    /// <summary>
    /// Where the frame's bytes begin in the buffer of a plane: 0, except on a few multi-planar devices, which put a
    /// header before them.
    /// </summary>
    public int PlaneOffset(int plane) => _planeOffsets[plane];

    /// <summary>Marks the buffer as holding another frame, of this many bytes in each plane.</summary>
    internal void Renew(params ReadOnlySpan<int> planeBytes)
    {
        planeBytes.CopyTo(_planeBytes);
        var sum = 0;
        foreach (var bytes in _planeBytes)
            sum += bytes;
        BytesUsed = sum;
        Generation++;
    }

    /// <summary>Sets where the frame's bytes begin in the buffer of a plane.</summary>
    internal void SetPlaneOffset(int plane, int offset) => _planeOffsets[plane] = offset;

    /// <summary>Marks the frame as gone: its buffer is about to be filled again.</summary>
    internal void Expire() => Generation++;
}
