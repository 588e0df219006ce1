using DmaBuf.Errors;
using DmaBuf.Tracing;
using DmaBuf.Transport;
using DmaBuf.Waits;
using DmaBuf.Xen;

namespace DmaBuf.Sharing.Channels;

/// <summary>A stream on which both sides have introduced themselves.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Pages">How pages cross it.</param>
/// <param name="Peer">What the peer said of itself.</param>
internal sealed record OpenedStream(ByteStream Stream, PageExchange Pages, Hello Peer);

/// <summary>Makes streams ready for a channel.</summary>
internal static class ChannelOpening
{
    private static readonly TimeSpan s_helloTime = TimeSpan.FromSeconds(30);

    /// <summary>Introduces both sides to each other. The stream is closed on failure.</summary>
    /// <inheritdoc cref="ChannelTable.Open"/>
    public static OpenedStream Open(ByteStream stream, ChannelOptions options, ShareTable shares, WaitLimit limit)
    {
        try
        {
            using var part = limit.AtMost(s_helloTime);
            var pages = PageExchange.Of(stream, OwnDomain(part), options, shares);
            return new OpenedStream(stream, pages, Handshake.Run(stream, pages, options, part));
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Opens the stream of the next peer. A listener goes on to the next one after a peer that is no channel.
    /// </summary>
    /// <param name="peers">The peers.</param>
    /// <param name="options">How.</param>
    /// <param name="shares">Where grants are kept.</param>
    /// <param name="coming">The time limit until a peer is connected.</param>
    /// <param name="limit">The time limit of all.</param>
    public static OpenedStream Next(
        StreamSource peers, ChannelOptions options, ShareTable shares, WaitLimit coming, WaitLimit limit)
    {
        peers.Refusals = 0;
        while (true)
        {
            try
            {
                return peers.WithNext(stream => Open(stream, options, shares, limit), sends: true, coming);
            }
            catch (PeerException e) when (peers.IsListening && e.Fault != PeerFault.Incompatible)
            {
                KernelTrace.Write($"closed: {e.Message}");
            }
            catch (WaitTimeoutException e) when (peers.IsListening && !coming.IsOver)
            {
                KernelTrace.Write($"closed: {e.Message}");
            }
        }
    }

    private static ushort OwnDomain(WaitLimit limit)
    {
        try
        {
            using var store = XenStore.Open(limit);
            return XenDomain.OwnId(store);
        }
        catch (DmaBufException e) when (e is XenStoreException or KernelException)
        {
            // Not a Xen domain, or one whose xenstore this user may not read.
            return ShareId.NoDomain;
        }
    }
}
