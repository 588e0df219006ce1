using DmaBuf.Errors;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Sharing.Channels;

/// <summary>
/// Connects a channel again whose connection has ended. Each time it takes a thread, which ends with the connection.
/// </summary>
internal sealed class ChannelReconnector(
    Channel channel, ChannelTable table, ChannelTarget target, ChannelOptions options) : IDisposable
{
    private const int FirstPauseMilliseconds = 50;
    private const int LongestPauseMilliseconds = 1000;

    /// <summary>How long to listen before the domain is looked up again, which may have rebooted.</summary>
    private static readonly TimeSpan s_listenTime = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stop = new();

    /// <summary>Begins to connect.</summary>
    public void Start() => new Thread(Run) { IsBackground = true, Name = "DmaBuf channel reconnects" }.Start();

    /// <summary>Ends the attempts.</summary>
    public void Dispose() => _stop.Cancel();

    private void Run()
    {
        using var limit = new WaitLimit(null, _stop.Token);
        try
        {
            var pause = FirstPauseMilliseconds;
            while (!TryListenOrConnect(limit))
            {
                limit.Pause(pause, "the next attempt to connect");
                pause = Math.Min(2 * pause, LongestPauseMilliseconds);
            }
        }
        catch (OperationCanceledException)
        {
            // The channel was closed.
        }
#pragma warning disable CA1031 // On a thread of its own, it would end the process.
        catch (Exception e)
#pragma warning restore CA1031
        {
            channel.OnFailure(e);
        }
    }

    /// <returns>True when the channel is connected; false after a failure, which the channel shows.</returns>
    private bool TryListenOrConnect(WaitLimit limit)
    {
        try
        {
            using var peers = target.Open(NoListener.ListenOrFail, limit);
            while (true)
            {
                var current = options with { Domain = target.FindDomain(limit) ?? options.Domain };
                using var coming = limit.AtMost(s_listenTime);
                try
                {
                    channel.Resume(ChannelOpening.Next(peers, current, table.Shares, coming, limit));
                    return true;
                }
                catch (WaitTimeoutException) when (peers.IsListening && target.IsStillAt(peers.Endpoint, limit))
                {
                    // A peer that is just connecting would otherwise find that the listener has gone.
                }
            }
        }
        catch (WaitTimeoutException)
        {
            return false;
        }
        catch (DmaBufException e)
        {
            channel.OnFailure(e);
            return false;
        }
    }
}
