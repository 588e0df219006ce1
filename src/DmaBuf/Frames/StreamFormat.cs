using System.Buffers.Binary;
using DmaBuf.Buffers;
using DmaBuf.Errors;

namespace DmaBuf.Frames;

/// <summary>What a stream of frames consists of, as its sender announces it.</summary>
/// <param name="Width">The width in pixels.</param>
/// <param name="Height">The height in pixels.</param>
/// <param name="PixelFormat">The pixel format.</param>
/// <param name="SizeImage">The most bytes of a frame.</param>
/// <param name="BufferCount">The number of buffers that the sender uses in turn.</param>
public readonly record struct StreamFormat(
    int Width, int Height, FourCC PixelFormat, int SizeImage, int BufferCount)
{
    /// <summary>Size and pixel format.</summary>
    public override string ToString() => $"{Width}x{Height} {PixelFormat}";

    /// <summary>Writes a hello of <see cref="VideoWire.HelloSize"/> bytes.</summary>
    internal void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32BigEndian(bytes, VideoWire.StreamMagic);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], VideoWire.Version);
        BinaryPrimitives.WriteInt32BigEndian(bytes[8..], Width);
        BinaryPrimitives.WriteInt32BigEndian(bytes[12..], Height);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[16..], PixelFormat.Value);
        BinaryPrimitives.WriteInt32BigEndian(bytes[20..], SizeImage);
        BinaryPrimitives.WriteInt32BigEndian(bytes[24..], BufferCount);
    }

    /// <summary>Reads a hello, and checks it before anything is allocated for it.</summary>
    /// <param name="bytes">The hello.</param>
    /// <param name="limits">What this side takes.</param>
    /// <param name="peer">The sender.</param>
    /// <exception cref="PeerException">BadMessage, Incompatible, TooLarge.</exception>
    internal static StreamFormat Read(ReadOnlySpan<byte> bytes, StreamLimits limits, string peer)
    {
        if (BinaryPrimitives.ReadUInt32BigEndian(bytes) != VideoWire.StreamMagic)
            throw VideoWire.Bad(peer, "did not start with a hello");
        var version = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]);
        if (version != VideoWire.Version)
        {
            throw new PeerException(PeerFault.Incompatible, peer,
                $"speaks version {version} of the protocol for frames, not {VideoWire.Version}",
                "Use programs of the same version on both sides.");
        }

        var width = BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]);
        var height = BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]);
        var sizeImage = BinaryPrimitives.ReadUInt32BigEndian(bytes[20..]);
        var count = BinaryPrimitives.ReadUInt32BigEndian(bytes[24..]);
        limits.Check(width, height, sizeImage, count, peer);
        var format = new FourCC(BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]));
        return new StreamFormat((int)width, (int)height, format, (int)sizeImage, (int)count);
    }
}
