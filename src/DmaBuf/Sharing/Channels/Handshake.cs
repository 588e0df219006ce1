using System.Buffers.Binary;
using DmaBuf.Errors;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Sharing.Channels;

/// <summary>The first message of both sides, before the channel's thread serves it.</summary>
internal static class Handshake
{
    /// <summary>Sends this side's hello, and checks the peer's.</summary>
    /// <exception cref="PeerException">Incompatible, BadMessage, ClosedEarly, Stalled.</exception>
    public static Hello Run(ByteStream stream, PageExchange pages, ChannelOptions options, WaitLimit limit)
    {
        using var outbox = new Outbox();
        new MessageWriter(outbox).Hello(new Hello
        {
            Domain = pages.OwnDomain,
            Pages = pages.Kind,
            MaxShares = (uint)options.MaxShares,
        });
        stream.Send(outbox.Bytes, limit);
        var peer = Receive(stream, limit);
        var problem = peer switch
        {
            { OldestVersion: > Hello.Current } or { Version: < Hello.Current } =>
                $"speaks versions {peer.OldestVersion} to {peer.Version} of the protocol, this side {Hello.Current}",
            _ when (stream.Remote.Domain ?? options.Domain) is { } domain && peer.Domain != domain =>
                $"says that it is domain {peer.Domain}, and not {domain}",
            _ when (peer.Pages & pages.Kind) == 0 =>
                $"cannot take pages in the way of this side ({pages.Kind})",
            _ => null,
        };
        if (problem is null)
            return peer;
        outbox.Clear();
        var failure = new PeerException(PeerFault.Incompatible, stream.Peer, problem,
            "Use the same version on both sides, and check the domain's id or name.");
        new MessageWriter(outbox).Error($"the peer {problem}");
        try
        {
            stream.Send(outbox.Bytes, limit);
        }
        catch (KernelException)
        {
            // The peer found out by itself.
        }

        throw failure;
    }

    private static Hello Receive(ByteStream stream, WaitLimit limit)
    {
        Span<byte> header = stackalloc byte[MessageLimits.Header];
        Fill(stream, header, limit);
        var type = (MessageType)BinaryPrimitives.ReadUInt16LittleEndian(header);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
        if (type is not (MessageType.Hello or MessageType.Error) || length > MessageLimits.Body)
        {
            throw new PeerException(PeerFault.BadMessage, stream.Peer, "is not a channel: it does not begin with hello",
                "Open a channel on the other side too, on this address.");
        }

        Span<byte> body = new byte[length];
        Fill(stream, body, limit);
        var message = new MessageReader(body, stream.Peer);
        return type == MessageType.Hello
            ? message.Hello()
            : throw new PeerException(PeerFault.Incompatible, stream.Peer,
                $"refused the channel: {message.Text(MessageLimits.Text)}", "Look at its own messages.");
    }

    private static void Fill(ByteStream stream, Span<byte> bytes, WaitLimit limit)
    {
        if (stream.ReceiveAll(bytes, limit) > 0)
        {
            throw new PeerException(PeerFault.ClosedEarly, stream.Peer, "closed the connection before its hello",
                "Look at its own messages.");
        }
    }
}
