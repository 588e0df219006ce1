using DmaBuf.Buffers;
using DmaBuf.Grants;
using DmaBuf.Sharing;
using DmaBuf.Sharing.Channels;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Pair;

/// <summary>One side of a stream, or of a channel over it. The side that listens answers the other one.</summary>
internal sealed class StreamSide(Endpoint endpoint, string domain) : IDisposable
{
    private const int WriteSize = 64 << 10;
    private readonly WaitLimit _limit = new();

    private bool Listens => endpoint.Role == EndpointRole.Listen;

    public void Dispose() => _limit.Dispose();

    /// <summary>A byte goes there and back; prints half of the median time.</summary>
    public void Bare(int rounds)
    {
        using var peers = new StreamSource(endpoint, NoListener.Wait);
        using var stream = peers.Next(_limit);
        var bytes = new byte[1];
        Turns(rounds, () => stream.Send(bytes, _limit), () => stream.Receive(bytes, _limit));
        if (Listens)
            AwaitClose(stream);
    }

    /// <summary>
    /// Each side publishes a buffer once it has the event of the other's; prints half of the median time. No pages
    /// cross.
    /// </summary>
    public void Channel(int rounds)
    {
        using var shares = new ShareTable();
        using var channels = new ChannelTable(shares);
        var options = new ChannelOptions { MaxShares = 10_000 };
        var channel = channels.Connect(ChannelTarget.At(endpoint, domain), options, _limit);
        var left = new Queue<DmaBuffer>();
        while (left.Count < rounds)
        {
            left.Enqueue(shares.Add(
                GrantAllocator.Allocate(GrantRefs.GrantPageSize, channel.OwnDomain, channel.PeerDomain)));
        }

        Channel[] own = [channel];
        Turns(
            rounds,
            () => channel.Publish(left.Dequeue(), null, _limit),
            () => channels.TakeEvent(own, [ChannelEventType.Published], _limit));
        if (Listens)
            channels.TakeEvent(own, [ChannelEventType.Closed], _limit);
    }

    /// <summary>Sends bytes from the side that connects; the other prints the time from its first read.</summary>
    public void Flow(long bytes)
    {
        using var peers = new StreamSource(endpoint, NoListener.Wait);
        using var stream = peers.Next(_limit);
        var buffer = new byte[WriteSize];
        if (!Listens)
        {
            for (var left = bytes; left > 0; left -= buffer.Length)
                stream.Send(buffer, _limit);
            AwaitClose(stream);
            return;
        }

        bytes -= Receive();
        var start = Clock.Now;
        while (bytes > 0)
            bytes -= Receive();
        Console.WriteLine(Clock.Now - start);

        int Receive() => stream.Receive(buffer, _limit) is > 0 and var received
            ? received
            : throw new InvalidDataException("The peer closed the stream.");
    }

    private void Turns(int rounds, Action send, Action receive)
    {
        if (Listens)
        {
            for (var i = 0; i < rounds; i++)
            {
                receive();
                send();
            }

            return;
        }

        var times = new long[rounds];
        for (var i = 0; i < rounds; i++)
        {
            var start = Clock.Now;
            send();
            receive();
            times[i] = Clock.Now - start;
        }

        Array.Sort(times);
        Console.WriteLine(times[rounds / 2] / 2);
    }

    /// <summary>So that the peer reads the last bytes before this side closes.</summary>
    private void AwaitClose(ByteStream stream) => stream.Receive(new byte[1], _limit);
}
