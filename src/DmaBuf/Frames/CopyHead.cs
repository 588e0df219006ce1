using System.Buffers.Binary;

namespace DmaBuf.Frames;

/// <summary>The head of a frame whose content follows it.</summary>
/// <param name="Index">The sender's buffer.</param>
/// <param name="BytesUsed">The bytes that follow.</param>
/// <param name="Flags">V4L2_BUF_FLAG_* of the sender's driver.</param>
/// <param name="Sequence">The frame's number.</param>
/// <param name="Timestamp">When it was captured.</param>
internal readonly record struct CopyHead(uint Index, uint BytesUsed, uint Flags, ulong Sequence, VideoTime Timestamp)
{
    /// <summary>Writes <see cref="VideoWire.CopyHeadSize"/> bytes.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32BigEndian(bytes, VideoWire.FrameMagic);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], Index);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[8..], BytesUsed);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[12..], Flags);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[16..], Sequence);
        Timestamp.Write(bytes[24..]);
    }

    /// <summary>Reads what <see cref="Write"/> wrote; false where the magic is missing.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out CopyHead head)
    {
        head = new CopyHead(
            BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]),
            BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]),
            VideoTime.Read(bytes[24..]));
        return BinaryPrimitives.ReadUInt32BigEndian(bytes) == VideoWire.FrameMagic;
    }
}
