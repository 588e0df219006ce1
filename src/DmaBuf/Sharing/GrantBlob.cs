using System.Runtime.InteropServices;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Sharing;

/// <summary>
/// References on a stream: a 32-bit count and then so many 32-bit references, in the machine's byte order, which is
/// little-endian on x86 and Arm. Nothing on the wire names a domain.
/// </summary>
public static class GrantBlob
{
    private const string Cure = "It does not speak the hand-off of grant references (a 32-bit count, then the references), or it failed: look at its own messages.";

    /// <summary>Sends references.</summary>
    /// <exception cref="KernelException">send: EPIPE, ECONNRESET.</exception>
    /// <exception cref="WaitTimeoutException">The peer did not read in time.</exception>
    public static void Send(PeerConnection peer, GrantRefs grants, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(grants);
        var words = new uint[grants.Count + 1];
        words[0] = (uint)grants.Count;
        for (var i = 0; i < grants.Count; i++)
            words[i + 1] = grants.Refs[i];
        peer.Send(MemoryMarshal.AsBytes(words.AsSpan()), limit);
    }

    /// <summary>Receives references. The count is checked before anything is allocated for it.</summary>
    /// <param name="peer">The connection.</param>
    /// <param name="domain">The exporter's domain id, which the wire does not carry.</param>
    /// <param name="own">This domain's id.</param>
    /// <param name="limit">For how long to wait.</param>
    /// <param name="patience">For how many milliseconds the peer may pause once it has begun.</param>
    /// <exception cref="PeerException">BadCount, ClosedEarly, Stalled.</exception>
    /// <exception cref="WaitTimeoutException">Nothing came in time.</exception>
    public static GrantRefs Receive(PeerConnection peer, ushort domain, ushort own, WaitLimit limit, int patience = 30_000)
    {
        ArgumentNullException.ThrowIfNull(peer);
        // Asked while the peer is waited for anyway.
        var most = GrantMapper.MaxPages;
        uint count = 0;
        Fill(peer, MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref count, 1)), limit, patience, begun: false);
        if (count == 0 || count > most)
            throw new PeerException(PeerFault.BadCount, peer.Peer, $"announced {count} references, and the grant device takes 1 to {most}", Cure);
        var refs = new uint[count];
        Fill(peer, MemoryMarshal.AsBytes(refs.AsSpan()), limit, patience, begun: true);
        return new GrantRefs { Domain = domain, PeerDomain = own, Refs = refs };
    }

    /// <summary>Waits for the peer to begin as long as the limit says, and for it to go on with patience.</summary>
    private static void Fill(PeerConnection peer, Span<byte> bytes, WaitLimit limit, int patience, bool begun)
    {
        while (!bytes.IsEmpty)
        {
            var received = peer.Receive(bytes, limit, begun ? patience : -1);
            if (received < 0)
                throw new PeerException(PeerFault.Stalled, peer.Peer, $"sent nothing for {patience} ms, {bytes.Length} bytes before the end of its references", Cure);
            if (received == 0)
                throw new PeerException(PeerFault.ClosedEarly, peer.Peer, $"closed the connection {bytes.Length} bytes before the end of its references", Cure);
            bytes = bytes[received..];
            begun = true;
        }
    }
}
