using System.Buffers.Binary;
using System.Text;
using DmaBuf.Buffers;
using DmaBuf.Errors;

namespace DmaBuf.Sharing.Channels;

/// <summary>Reads the body of a message that a peer sent. Each read that does not fit is the peer's fault.</summary>
/// <param name="body">The body.</param>
/// <param name="peer">The peer, as failures name it.</param>
internal ref struct MessageReader(ReadOnlySpan<byte> body, string peer)
{
    private ReadOnlySpan<byte> _rest = body;

    public ShareId Id() => new(BinaryPrimitives.ReadUInt128LittleEndian(Take(16)));

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(sizeof(ushort)));

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));

    /// <summary>What has not been read yet.</summary>
    public ReadOnlySpan<byte> Rest() => Take(_rest.Length);

    public string Text(int most) => Encoding.UTF8.GetString(Counted(most));

    public Hello Hello()
    {
        if (UInt32() != Channels.Hello.Magic)
            throw Bad("is not a channel: its first message has another magic number");
        var hello = new Hello
        {
            Version = UInt16(),
            OldestVersion = UInt16(),
            Domain = UInt16(),
            Pages = (PageKinds)UInt16(),
            PageSize = UInt32(),
            MaxShares = UInt32(),
        };
        // A later version may say more.
        return hello;
    }

    /// <summary>The metadata, which must be right for a buffer of this size.</summary>
    public ShareMetadata Metadata(long size)
    {
        var metadata = new ShareMetadata
        {
            Name = Text(ShareMetadata.MaxNameBytes),
            PrivateData = Counted(ShareMetadata.MaxPrivateData).ToArray(),
            Picture = Picture(),
        };
        End();
        try
        {
            metadata.Check(size);
        }
        catch (ShareException e)
        {
            throw Bad($"sent metadata that cannot be: {e.Message}");
        }

        return metadata;
    }

    /// <summary>Checks that nothing is left.</summary>
    public readonly void End()
    {
        if (!_rest.IsEmpty)
            throw Bad("sent a message that is too long");
    }

    private PictureLayout? Picture()
    {
        var count = UInt16();
        if (count == 0)
            return null;
        if (count > PictureLayout.MaxPlanes)
            throw Bad("sent metadata of too many planes");
        var (width, height, fourCC, modifier) = (UInt32(), UInt32(), UInt32(), UInt64());
        var planes = new PicturePlane[count];
        for (var i = 0; i < count; i++)
            planes[i] = new PicturePlane((long)UInt64(), (int)UInt32());
        return new PictureLayout
        {
            Width = (int)width, Height = (int)height, FourCC = new FourCC(fourCC), Modifier = modifier, Planes = planes,
        };
    }

    private ReadOnlySpan<byte> Counted(int most) =>
        UInt16() is var count && count <= most ? Take(count) : throw Bad("sent a text that is too long");

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length)
            throw Bad("sent a message that is too short");
        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    /// <summary>The failure of a peer that breaks the protocol.</summary>
    public static PeerException Bad(string peer, string what, PeerFault fault = PeerFault.BadMessage) =>
        new(fault, peer, what, "It does not speak the protocol of channels, or it failed.");

    private readonly PeerException Bad(string what) => Bad(peer, what);
}
