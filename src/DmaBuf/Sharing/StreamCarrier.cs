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
    private StreamSource _peers = new(endpoint, noListener, from);

    /// <summary>How long a peer may take to send its part, once it is connected.</summary>
    internal TimeSpan ReceiveTime { get; init; } = TimeSpan.FromSeconds(30);

    public override bool HasNextPeer => _peers.IsListening || _peers.WaitsForListener;

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
            AcceptOnlyRootOf(guest);
        guest.WaitReady(limit);
        return Receive((stream, part) =>
        {
            var pages = GuestPagesBlob.Receive(stream, part);
            var buffer = guest.Import(pages);
            buffer.OwnPeer(stream);
            return buffer;
        }, limit);
    }

    public override void Dispose()
    {
        _peers.Dispose();
        base.Dispose();
    }

    private void AcceptOnlyRootOf(GuestMemory guest)
    {
        if (endpoint.Kind != EndpointKind.Vsock)
        {
            throw new GuestException(
                GuestFault.Untrusted,
                $"Over {endpoint}, anyone could name pages of guest '{guest}', those of its kernel among them.",
                "Use vsock, where the host can tell the guest's root from others; or accept any peer if you trust all "
                + "that can connect.");
        }

        if (guest.Cid is not { } cid)
        {
            throw new GuestException(
                GuestFault.NoCid,
                $"The CID of guest '{guest}' is not known, so its connections cannot be told from another guest's.",
                "Give its CID (guest-cid= of QEMU's vhost-vsock-pci) when its memory is connected.");
        }

        _peers.Dispose();
        _peers = new StreamSource(endpoint, noListener, PeerFilter.OfGuestRoot(cid));
    }

    private ReleaseLink Send(Action<ByteStream> send, WaitLimit limit) => _peers.WithNext(stream =>
    {
        send(stream);
        return new ReleaseLink(stream);
    }, limit);

    private DmaBuffer Receive(Func<ByteStream, WaitLimit, DmaBuffer> receive, WaitLimit limit) =>
        _peers.WithNext(stream =>
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
        }, limit);
}
