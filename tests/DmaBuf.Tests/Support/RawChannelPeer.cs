using System.Buffers.Binary;
using DmaBuf.Sharing;
using DmaBuf.Sharing.Channels;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Tests;

/// <summary>A channel whose peer is the test itself, which can send whatever it likes.</summary>
internal sealed class RawChannelPeer : IDisposable
{
    private readonly ScratchFolder _folder = new();
    private readonly Outbox _outbox = new();
    private readonly byte[] _header = new byte[MessageLimits.Header];

    public RawChannelPeer(ChannelOptions? options = null, TimeProvider? clock = null)
    {
        Table = new ChannelTable(Shares, clock ?? TimeProvider.System);
        Writer = new MessageWriter(_outbox);
        var path = _folder.File("channel");
        using var listener = StreamListener.Listen(Endpoint.Parse($"unixd:{path}"));
        Stream = StreamConnector.Connect(Endpoint.Parse($"unix:{path}"), Limit);
        var accepted = listener.Accept(Limit);
        var opening = Task.Run(() =>
        {
            using var limit = ChannelPair.NewLimit();
            return Table.Open(accepted, options ?? new ChannelOptions(), limit);
        });
        Writer.Hello(new Hello { Pages = PageKinds.Descriptor, MaxShares = 16 });
        Send();
        Receive(MessageType.Hello);
        Channel = opening.GetAwaiter().GetResult();
    }

    public WaitLimit Limit { get; } = ChannelPair.NewLimit();

    public ShareTable Shares { get; } = new();

    public ChannelTable Table { get; }

    public Channel Channel { get; }

    public ByteStream Stream { get; }

    /// <summary>Writes messages that <see cref="Send()"/> sends.</summary>
    public MessageWriter Writer { get; }

    public void Send()
    {
        _outbox.Flush(Stream);
    }

    public void Send(ReadOnlySpan<byte> bytes) => Stream.Send(bytes, Limit);

    /// <summary>A message as it would be sent.</summary>
    public static byte[] Encode(Action<MessageWriter> write)
    {
        using var outbox = new Outbox();
        write(new MessageWriter(outbox));
        return outbox.Bytes.ToArray();
    }

    /// <summary>Receives the next message, which must be of this type, and returns its body.</summary>
    public byte[] Receive(MessageType type)
    {
        Fill(_header);
        var body = new byte[BinaryPrimitives.ReadUInt32LittleEndian(_header.AsSpan(4))];
        Fill(body);
        Xunit.Assert.Equal(type, (MessageType)BinaryPrimitives.ReadUInt16LittleEndian(_header));
        return body;
    }

    /// <summary>Waits for the channel's next event, which must be of this type.</summary>
    public ChannelEvent Next(ChannelEventType type)
    {
        var next = Table.TakeEvent([Channel], [], Limit);
        Xunit.Assert.Equal(type, next.Type);
        return next;
    }

    public void Dispose()
    {
        Stream.Dispose();
        Table.Dispose();
        Shares.Dispose();
        _outbox.Dispose();
        Limit.Dispose();
        _folder.Dispose();
    }

    private void Fill(Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var received = Stream.Receive(bytes, Limit);
            Xunit.Assert.NotEqual(0, received);
            bytes = bytes[received..];
        }
    }
}
