using DmaBuf.Errors;
using DmaBuf.Guests;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Peer;

/// <summary>
/// The vhost-user back end of a guest for as long as the guest lives: QEMU's devices do not connect again after their
/// back end has ended. Processes that are back ends for a shorter time get the guest's memory from here, one after
/// another.
/// </summary>
internal static class GuestMemoryPeer
{
    private const int LookMilliseconds = 500;

    public static void Run(LongOptions options, WaitLimit limit)
    {
        using var guest = GuestMemory.Listen("guest", options.Address);
        if (options.Qmp is { } qmp)
            guest.PlugIn(qmp, limit);
        var session = Endpoint.Parse($"unix:{options.Domain}");
        while (true)
        {
            try
            {
                using var stream = StreamConnector.Connect(session, limit);
                Console.WriteLine($"shows the guest's memory to {stream.Peer}");
                guest.ShowTo(stream, limit);
                Console.WriteLine($"{stream.Peer} has ended");
            }
            catch (KernelException e) when (e.ErrnoName is "ENOENT" or "ECONNREFUSED")
            {
                // No session waits for it now.
            }
            catch (DmaBufException e) when (e is KernelException or PeerException or WaitTimeoutException)
            {
                Console.Error.WriteLine(Advice.Describe(e));
            }

            limit.Cancellation.WaitHandle.WaitOne(LookMilliseconds);
            limit.Cancellation.ThrowIfCancellationRequested();
        }
    }
}
