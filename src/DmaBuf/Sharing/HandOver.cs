using DmaBuf.Errors;
using DmaBuf.Waits;

namespace DmaBuf.Sharing;

/// <summary>Sends something to one peer and keeps the link to it, or waits until the peer is done.</summary>
internal static class HandOver
{
    /// <summary>
    /// Sends to the next peer. With <paramref name="wait"/>, a peer that did not read everything is followed by the next,
    /// where the carrier listens.
    /// </summary>
    public static void Run(
        Carrier carrier, Func<IReleaseLink> send, ReleaseLinks? links, bool wait, WaitLimit limit, Action<string>? sent)
    {
        while (true)
        {
            try
            {
                var link = send();
                sent?.Invoke(link.Peer);
                Keep(link, links, wait, limit);
                return;
            }
            catch (PeerException e) when (wait && carrier.HasNextPeer && e.Fault == PeerFault.NotRead)
            {
            }
            catch (KernelException e) when (wait && carrier.HasNextPeer && e.ErrnoName is "EPIPE" or "ECONNRESET")
            {
            }
        }
    }

    /// <summary>A link is kept also while it is waited for, so that the share's end ends the wait.</summary>
    private static void Keep(IReleaseLink link, ReleaseLinks? links, bool wait, WaitLimit limit)
    {
        links?.Add(link);
        if (links is not null && !wait)
            return;
        var done = false;
        try
        {
            if (wait)
                link.WaitUntilReadAndDone(limit);
            done = true;
        }
        finally
        {
            if (links is null)
                link.Dispose();
            else
                links.Forget(link, done);
        }
    }
}
