using System.Buffers.Binary;

namespace DmaBuf.Frames;

/// <summary>The receiver is done with a frame.</summary>
/// <param name="Status">0 on success.</param>
/// <param name="HandleId">The handle of the frame's buffer.</param>
/// <param name="Sequence">The frame's number.</param>
internal readonly record struct FrameAck(uint Status, ulong HandleId, ulong Sequence)
{
    /// <summary>Writes <see cref="VideoWire.AckSize"/> bytes.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32BigEndian(bytes, VideoWire.FrameMagic);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], Status);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], HandleId);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[16..], Sequence);
    }

    /// <summary>Reads what <see cref="Write"/> wrote; false where the magic is missing.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out FrameAck ack)
    {
        ack = new FrameAck(
            BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]));
        return BinaryPrimitives.ReadUInt32BigEndian(bytes) == VideoWire.FrameMagic;
    }
}
