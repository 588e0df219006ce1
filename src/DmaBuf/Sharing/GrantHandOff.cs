using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Transport;
using DmaBuf.Waits;
using DmaBuf.Xen;

namespace DmaBuf.Sharing;

/// <summary>References to and from a peer, by whatever way its address names: a blob on a stream, or xenstore.</summary>
public static class GrantHandOff
{
    /// <summary>Gives references to the next peer. The link returned tells when it is done with them.</summary>
    /// <exception cref="KernelException">Connecting, listening or sending failed.</exception>
    /// <exception cref="XenStoreException">xenstore refused.</exception>
    /// <exception cref="AddressException">The address cannot be used; InUse.</exception>
    /// <exception cref="PeerException">ImportFailed, ClosedEarly: the peer told so in xenstore, or went.</exception>
    /// <exception cref="WaitTimeoutException">No peer came or read in time.</exception>
    public static IPeerLink Send(PeerSource peers, GrantRefs grants, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(peers);
        ArgumentNullException.ThrowIfNull(limit);
        if (peers.Endpoint.Kind == EndpointKind.XenStore)
            return StoreOffer.Send(peers.Endpoint, grants, limit);
        var peer = peers.Next(limit);
        try
        {
            GrantBlob.Send(peer, grants, limit);
            return peer;
        }
        catch
        {
            peer.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Takes references from the next peer and imports them. The buffer tells that peer of its end when it is disposed.
    /// </summary>
    /// <param name="peers">Where the peers come from.</param>
    /// <param name="domain">The exporter: its id or its name.</param>
    /// <param name="method">How to import.</param>
    /// <param name="limit">For how long to wait.</param>
    /// <exception cref="AddressException">UnknownDomain: this domain sees none of that name.</exception>
    /// <exception cref="BufferException">OwnDomain.</exception>
    /// <exception cref="PeerException">BadCount, BadNode, ClosedEarly, Stalled: the peer sent no good references.</exception>
    /// <exception cref="WaitTimeoutException">Nothing came in time.</exception>
    /// <exception cref="KernelException">As <see cref="GrantMapper.Import"/>; connecting, listening.</exception>
    /// <exception cref="XenStoreException">xenstore refused.</exception>
    public static DmaBuffer Receive(PeerSource peers, string domain, ImportMethod method, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(peers);
        ArgumentNullException.ThrowIfNull(limit);
        var (own, exporter) = XenDomain.FindExporter(domain, limit);
        if (peers.Endpoint.Kind == EndpointKind.XenStore)
            return StoreClaim.Receive(peers.Endpoint, exporter, method, limit);
        var peer = peers.Next(limit);
        try
        {
            var buffer = GrantMapper.Import(GrantBlob.Receive(peer, exporter, own, limit), method);
            buffer.OwnPeer(peer);
            return buffer;
        }
        catch
        {
            peer.Dispose();
            throw;
        }
    }
}
