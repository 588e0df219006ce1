using System.Runtime.InteropServices;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Sharing;

/// <summary>
/// References on a stream: a 32-bit count, followed by that many 32-bit references, in the machine's byte order, which
/// is little-endian on x86 and Arm. Nothing on the wire names a domain.
/// </summary>
public static class GrantBlob
{
    private const string Advice =
        "It does not speak this protocol (a 32-bit count, then the grant references), or it failed: look at its own "
        + "messages.";

    /// <summary>Sends references.</summary>
    /// <exception cref="KernelException">send: EPIPE, ECONNRESET.</exception>
    /// <exception cref="WaitTimeoutException">The peer did not read in time.</exception>
    public static void Send(ByteStream peer, GrantRefs grants, WaitLimit limit)
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
    /// <param name="limit">The time limit.</param>
    /// <exception cref="PeerException">BadCount, ClosedEarly.</exception>
    /// <exception cref="KernelException">recv: ECONNRESET.</exception>
    /// <exception cref="WaitTimeoutException">Not everything arrived in time.</exception>
    public static GrantRefs Receive(ByteStream peer, ushort domain, ushort own, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(peer);
        // Read before the wait for the peer, where it costs no time.
        var most = GrantMapper.MaxPages;
        uint count = 0;
        Fill(peer, MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref count, 1)), limit);
        if (count == 0 || count > most)
        {
            throw new PeerException(
                PeerFault.BadCount,
                peer.Peer,
                $"announced {count} references, but the grant device takes 1 to {most}",
                Advice);
        }

        var refs = new uint[count];
        Fill(peer, MemoryMarshal.AsBytes(refs.AsSpan()), limit);
        return new GrantRefs { Domain = domain, PeerDomain = own, Refs = refs };
    }

    private static void Fill(ByteStream peer, Span<byte> bytes, WaitLimit limit)
    {
        if (peer.ReceiveAll(bytes, limit) is > 0 and var missing)
        {
            throw new PeerException(
                PeerFault.ClosedEarly,
                peer.Peer,
                $"closed the connection {missing} bytes before the end of its references",
                Advice);
        }
    }
}
