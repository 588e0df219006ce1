using System.Buffers.Binary;

namespace DmaBuf.Frames;

/// <summary>One of the sender's buffers, which both sides then have.</summary>
/// <param name="Flags">How its pages reach the receiver: the flags of <see cref="VideoWire"/>.</param>
/// <param name="HandleId">The sender's number for it.</param>
/// <param name="Length">Its size in bytes.</param>
/// <param name="RefCount">How many references follow, of the room for them.</param>
/// <param name="PageSize">The bytes behind one reference.</param>
/// <param name="Domain">The exporter's domain.</param>
internal readonly record struct BufferHandle(
    uint Flags, ulong HandleId, ulong Length, uint RefCount, uint PageSize, uint Domain)
{
    /// <summary>Writes <see cref="VideoWire.HandleSize"/> bytes.</summary>
    public void Write(Span<byte> bytes, IReadOnlyList<uint> refs)
    {
        bytes.Clear();
        BinaryPrimitives.WriteUInt32BigEndian(bytes, VideoWire.HandleMagic);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], Flags);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], HandleId);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[16..], Length);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[24..], RefCount);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[28..], PageSize);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[32..], Domain);
        var room = bytes[VideoWire.HandleHeadSize..];
        for (var i = 0; i < refs.Count; i++)
            BinaryPrimitives.WriteUInt32BigEndian(room[(i * sizeof(uint))..], refs[i]);
    }

    /// <summary>Reads the head of a handle; false where the magic is missing.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out BufferHandle handle)
    {
        handle = new BufferHandle(
            BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]),
            BinaryPrimitives.ReadUInt32BigEndian(bytes[24..]),
            BinaryPrimitives.ReadUInt32BigEndian(bytes[28..]),
            BinaryPrimitives.ReadUInt32BigEndian(bytes[32..]));
        return BinaryPrimitives.ReadUInt32BigEndian(bytes) == VideoWire.HandleMagic;
    }

    /// <summary>The references of a handle. Their count must have been checked.</summary>
    public uint[] ReadRefs(ReadOnlySpan<byte> bytes)
    {
        var refs = new uint[RefCount];
        for (var i = 0; i < refs.Length; i++)
            refs[i] = BinaryPrimitives.ReadUInt32BigEndian(bytes[(VideoWire.HandleHeadSize + (i * sizeof(uint)))..]);
        return refs;
    }
}
