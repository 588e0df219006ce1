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
        if (!wait)
        {
            Send(carrier, send, links, wait, limit, sent);
            return;
        }

        links?.BeginHandOver();
        try
        {
            Send(carrier, send, links, wait, limit, sent);
        }
        finally
        {
            links?.EndHandOver();
        }
    }

    private static void Send(
        Carrier carrier, Func<IReleaseLink> send, ReleaseLinks? links, bool wait, WaitLimit limit, Action<string>? sent)
    {
        while (true)
        {
            IReleaseLink? link = null;
            try
            {
                link = send();
                // Also before a wait, so that the end of the share ends the wait.
                links?.Add(link);
                sent?.Invoke(link.Peer);
                if (wait && links is not null)
                    links.Wait(link, limit);
                else if (wait)
                    link.WaitUntilReadAndDone(limit);
                return;
            }
            catch (PeerException e) when (wait && carrier.HasNextPeer && e.Fault == PeerFault.NotRead)
            {
                limit.Pause(RetryMilliseconds, $"the next peer after {link?.Peer}");
            }
            catch (KernelException e) when (
                wait && carrier.HasNextPeer && link is null && e.ErrnoName is "EPIPE" or "ECONNRESET")
            {
                limit.Pause(RetryMilliseconds, "the next peer");
            }
            finally
            {
                if (links is null)
                    link?.Dispose();
            }
        }
    }
}
