using DmaBuf.Errors;
using DmaBuf.Waits;

namespace DmaBuf.Sharing;

/// <summary>Sends something to one peer and keeps the link to it, or waits until the peer is done.</summary>
internal static class HandOver
{
    private const int RetryMilliseconds = 20;

    /// <summary>
    /// Sends to the next peer. With <paramref name="wait"/>, where the carrier listens, another peer follows one that
    /// did not read everything.
    /// </summary>
    public static void Run(
        Carrier carrier, Func<IReleaseLink> send, ReleaseLinks? links, bool wait, WaitLimit limit, Action<string>? sent)
    {
        var begun = false;
        try
        {
            while (!TrySend())
                limit.Pause(RetryMilliseconds, "the next peer");
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
            catch (PeerException e) when (wait && carrier.HasNextPeer && e.Fault == PeerFault.NotRead)
            {
                return false;
            }
            catch (KernelException e) when (
                wait && carrier.HasNextPeer && link is null && e.ErrnoName is "EPIPE" or "ECONNRESET")
            {
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
