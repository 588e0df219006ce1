using System.Globalization;
using System.Text;
using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Sharing;
using DmaBuf.Sharing.Channels;
using DmaBuf.Tracing;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Peer;

/// <summary>
/// The two sides of a cycle over a channel: one fills three buffers in turn, the other reads each and releases it. The
/// cmdlets' part of it is in docs/examples.
/// </summary>
internal static class ChannelPeer
{
    private const int BufferCount = 3;
    private const int Size = 64 << 10;

    /// <summary>Publishes and updates three buffers, each again once the consumer has released it.</summary>
    public static void Publish(string address, string? domain, int turns, WaitLimit limit)
    {
        using var shares = new ShareTable();
        using var channels = new ChannelTable(shares);
        var channel = Open(channels, address, domain, limit);
        var published = new List<ExportedShare>();
        for (var turn = 0; turn < turns; turn++)
        {
            var slot = turn % BufferCount;
            if (turn >= BufferCount)
                published[slot].WaitReleased(limit);
            var buffer = turn < BufferCount ? NewBuffer(shares, channel) : published[slot].Buffer!;
            var text = string.Create(CultureInfo.InvariantCulture, $"turn {turn}");
            new ContentWriter(buffer).Write(Encoding.UTF8.GetBytes($"{text}\0"));
            var metadata = new ShareMetadata
            {
                Name = string.Create(CultureInfo.InvariantCulture, $"frame{slot}"),
                PrivateData = Encoding.UTF8.GetBytes(text),
            };
            var share = channel.Publish(buffer, metadata, limit);
            if (turn < BufferCount)
                published.Add(share);
        }

        published.ForEach(share => share.WaitReleased(limit));
        Console.WriteLine($"turns={turns} buffers={published.Count}");
    }

    /// <summary>Prints what is in each buffer that is published or updated, until the producer disconnects.</summary>
    public static void Consume(string address, string? domain, WaitLimit limit)
    {
        using var shares = new ShareTable();
        using var channels = new ChannelTable(shares);
        var channel = Open(channels, address, domain, limit);
        while (true)
        {
            var next = channels.TakeEvent([channel], [], limit);
            if (next.Type == ChannelEventType.Closed)
                return;
            if (next is { Type: ChannelEventType.Published or ChannelEventType.Updated, Share: ImportedShare share })
                Read(channel, share, limit);
        }
    }

    private static void Read(Channel channel, ImportedShare share, WaitLimit limit)
    {
        var buffer = share.Buffer;
        if (buffer is null)
        {
            buffer = share.Import(ImportMethod.Any, limit);
            Console.Error.WriteLine($"imported via {Way(buffer)}");
        }
        else
        {
            share.Acquire(write: false, limit);
        }

        Console.WriteLine(VisibleText.Of(new ContentReader(buffer, 0, Size).ToText(Encoding.UTF8)));
        share.Release();
    }

    private static string Way(DmaBuffer buffer) => buffer.Origin switch
    {
        BufferOrigin.GrantImport => "dmabuf",
        BufferOrigin.GrantMapping => "mapping",
        _ => "descriptor",
    };

    private static Channel Open(ChannelTable channels, string address, string? domain, WaitLimit limit) =>
        channels.Connect(ChannelTarget.At(Endpoint.Parse(address), domain), new ChannelOptions(), limit);

    /// <summary>A dma-buf where its pages can be shared, otherwise pages that are shared from the start.</summary>
    private static DmaBuffer NewBuffer(ShareTable shares, Channel channel)
    {
        if (channel.Address.Kind is not (EndpointKind.Unix or EndpointKind.Vsock))
            return shares.AddGrantPages(Size, channel.OwnDomain, channel.PeerDomain);
        try
        {
            return shares.Add(UdmabufAllocator.Allocate(Size));
        }
        catch (KernelException e) when (e.Call == "open" && channel.Address.Kind == EndpointKind.Unix)
        {
            Console.Error.WriteLine($"{e.Message} Sharing a sealed memfd instead.");
            return shares.Add(MemFdAllocator.Allocate(Size));
        }
    }
}
