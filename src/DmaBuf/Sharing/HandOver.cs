using DmaBuf.Errors;
using DmaBuf.Waits;

namespace DmaBuf.Sharing;

/// <summary>Sends something to one peer and keeps the link to it, or waits until the peer is done.</summary>
internal static class HandOver
{
    /// <summary>
    /// Sends to the next peer. With <paramref name="wait"/>, another peer follows one that did not read everything:
    /// any number of them where the carrier listens, and a few where it connects and waits for a listener.
    /// </summary>
    public static void Run(
        Carrier carrier, Func<IReleaseLink> send, ReleaseLinks? links, bool wait, WaitLimit limit, Action<string>? sent)
    {
        var begun = false;
        var peers = carrier.Peers;
        if (peers is not null)
            peers.Refusals = 0;
        try
        {
            while (!TrySend())
            {
            }
        }
        finally
        {
            if (begun)
                links!.EndHandOver();
        }

        // False if the peer did not read everything, and another can follow.
        bool TrySend()
        {
            IReleaseLink? link = null;
            try
            {
                link = send();
                // Also before a wait, so that the end of the share ends the wait.
                links?.Add(link, beginsHandOver: wait && !begun);
                begun |= wait && links is not null;
                sent?.Invoke(link.Peer);
                if (wait && links is not null)
                    links.Wait(link, limit);
                else if (wait)
                    link.WaitUntilReadAndDone(limit);
                return true;
            }
            catch (PeerException e) when (wait && e.Fault == PeerFault.NotRead && peers is { CanFollow: true })
            {
                peers.Refusals++;
                return false;
            }
            catch (KernelException e) when (
                wait && peers is { IsListening: true } && link is null && e.ErrnoName is "EPIPE" or "ECONNRESET")
            {
                peers.Refusals++;
                return false;
            }
            finally
            {
                if (links is null)
                    link?.Dispose();
            }
        }
    }
}
