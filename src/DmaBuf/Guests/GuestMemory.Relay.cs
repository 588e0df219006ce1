using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Guests;

/// <summary>How the memory is shown to other processes.</summary>
public sealed partial class GuestMemory
{
    /// <summary>How often a change of the guest's memory is looked for, on behalf of another process.</summary>
    private const int LookMilliseconds = 100;

    /// <summary>How long another process may take to answer, so that it cannot keep the next one out.</summary>
    private static readonly TimeSpan s_answerTime = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Shows the guest's memory to another process that is a vhost-user back end, as QEMU shows it to this one, until
    /// that process closes the connection.
    /// </summary>
    /// <param name="backEnd">The connection to it, over a unix socket.</param>
    /// <param name="limit">The time limit.</param>
    /// <exception cref="GuestException">BadMemory: QEMU maps the memory privately.</exception>
    /// <exception cref="PeerException">
    /// Unwanted: it runs as another user; Incompatible, BadMessage: it is not such a back end.
    /// </exception>
    /// <exception cref="KernelException">fcntl, send, recv.</exception>
    /// <exception cref="WaitTimeoutException">It did not answer in time.</exception>
    public void ShowTo(ByteStream backEnd, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(backEnd);
        ArgumentNullException.ThrowIfNull(limit);
        // Whoever gets the guest's memory can do anything to the guest.
        if (!backEnd.Remote.IsOwnUser)
        {
            throw new PeerException(PeerFault.Unwanted, backEnd.Peer, "runs as another user",
                "Run the session as the user of this process, or as root.");
        }

        var frontEnd = new VhostUserFrontEnd((SocketStream)backEnd);
        using (var part = limit.AtMost(s_answerTime))
            frontEnd.Negotiate(part);
        (long Stops, long TableChanges) shown = (-1, -1);
        var isStarted = false;
        while (!backEnd.HasEnded)
        {
            var (isReady, seen, regions) = CopyTable();
            using (new GuestMemoryTable(regions))
            using (var part = limit.AtMost(s_answerTime))
            {
                if (isStarted && (!isReady || seen.Stops != shown.Stops))
                {
                    frontEnd.Stop(part);
                    isStarted = false;
                }

                frontEnd.Show(regions, part);
                if (isReady && !isStarted)
                {
                    frontEnd.Start(part);
                    isStarted = true;
                }
            }

            shown = seen;
            limit.ForEvent(backEnd.Descriptor, Poll.POLLRDHUP, LookMilliseconds, $"the end of {backEnd.Peer}");
        }
    }

    /// <summary>The state, and the regions with descriptors of their own.</summary>
    private (bool IsReady, (long Stops, long TableChanges) Seen, List<GuestMemoryRegion> Regions) CopyTable()
    {
        lock (_lock)
        {
            CheckShared();
            var backEnd = _front?.BackEnd;
            return (IsReady, (backEnd?.Stops ?? 0, backEnd?.TableChanges ?? 0), backEnd?.Table.Copy() ?? []);
        }
    }
}
