using System.Buffers.Binary;

namespace DmaBuf.Frames;

/// <summary>A frame whose content stays in a buffer that both sides have.</summary>
/// <param name="Index">The sender's buffer.</param>
/// <param name="BytesUsed">The bytes of the frame.</param>
/// <param name="Flags">V4L2_BUF_FLAG_* of the sender's driver.</param>
/// <param name="HandleId">The handle of the buffer.</param>
/// <param name="Sequence">The frame's number.</param>
/// <param name="Timestamp">When it was captured.</param>
internal readonly record struct ZeroCopyHead(
    uint Index, uint BytesUsed, uint Flags, ulong HandleId, ulong Sequence, VideoTime Timestamp)
{
    /// <summary>Writes <see cref="VideoWire.ZeroCopyHeadSize"/> bytes.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32BigEndian(bytes, VideoWire.FrameMagic);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], Index);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[8..], BytesUsed);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[12..], Flags);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[16..], HandleId);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[24..], Sequence);
        Timestamp.Write(bytes[32..]);
    }

    /// <summary>Reads what <see cref="Write"/> wrote; false where the magic is missing.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out ZeroCopyHead head)
    {
        head = new ZeroCopyHead(
            BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]),
            BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]),
            VideoTime.Read(bytes[32..]));
        return BinaryPrimitives.ReadUInt32BigEndian(bytes) == VideoWire.FrameMagic;
    }
}
