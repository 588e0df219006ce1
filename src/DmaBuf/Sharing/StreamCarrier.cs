using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Guests;
using DmaBuf.Transport;
using DmaBuf.Waits;
using DmaBuf.Xen;

namespace DmaBuf.Sharing;

/// <summary>Hand-offs over streams: one connection for each.</summary>
internal sealed class StreamCarrier(Endpoint endpoint, NoListener noListener, PeerFilter? from) : Carrier
{
    private readonly StreamSource _peers = new(endpoint, noListener, from);

    /// <summary>How long a peer may take to send its part, once it is connected.</summary>
    internal TimeSpan ReceiveTime { get; init; } = TimeSpan.FromSeconds(30);

    internal override StreamSource Peers => _peers;

    public override void CheckPassesDescriptors() => DescriptorHandOff.CheckEndpoint(endpoint);

    public override IReleaseLink Send(DmaBuffer buffer, WaitLimit limit)
    {
        CheckPassesDescriptors();
        DescriptorHandOff.CheckBuffer(buffer);
        return Send(stream => DescriptorHandOff.Send(stream, buffer, limit), limit);
    }

    public override IReleaseLink Send(SharedPages pages, WaitLimit limit, Action? check) => Send(stream =>
    {
        check?.Invoke();
        if (pages is GuestPages guest)
            GuestPagesBlob.Send(stream, guest, limit);
        else
            GrantBlob.Send(stream, (GrantRefs)pages, limit);
    }, limit);

    public override DmaBuffer Receive(WaitLimit limit)
    {
        CheckPassesDescriptors();
        return Receive(DescriptorHandOff.Receive, limit);
    }

    public override DmaBuffer Receive(string domain, ImportMethod method, WaitLimit limit)
    {
        var (own, exporter) = XenDomain.FindExporter(domain, limit);
        return Receive((stream, part) =>
        {
            var buffer = GrantMapper.Import(GrantBlob.Receive(stream, exporter, own, part), method);
            buffer.OwnPeer(stream);
            return buffer;
        }, limit);
    }

    public override DmaBuffer Receive(GuestMemory guest, bool allowAnyPeer, WaitLimit limit)
    {
        if (!allowAnyPeer)
            _peers.From = GuestPeers.Of(guest, endpoint);
        guest.WaitReady(limit);
        return Receive((stream, part) =>
        {
            var pages = GuestPagesBlob.Receive(stream, part);
            var buffer = guest.Import(pages, stream);
            buffer.OwnPeer(stream);
            return buffer;
        }, limit);
    }

    public override void Dispose()
    {
        _peers.Dispose();
        base.Dispose();
    }

    private ReleaseLink Send(Action<ByteStream> send, WaitLimit limit) => _peers.WithNext(stream =>
    {
        send(stream);
        return new ReleaseLink(stream);
    }, sends: true, limit);

    private DmaBuffer Receive(Func<ByteStream, WaitLimit, DmaBuffer> receive, WaitLimit limit)
    {
        _peers.Refusals = 0;
        return _peers.WithNext(stream =>
        {
            using var part = limit.AtMost(ReceiveTime);
            try
            {
                return receive(stream, part);
            }
            catch (WaitTimeoutException)
            {
                // If the caller's own limit has passed, the failure reports that one.
                limit.Pause(0, $"the hand-off from {stream.Peer}");
                throw new PeerException(
                    PeerFault.Stalled,
                    stream.Peer,
                    $"did not send all of its hand-off within {ReceiveTime.TotalSeconds} s",
                    "Look at its own messages.");
            }
        }, sends: false, limit);
    }
}
