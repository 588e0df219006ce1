using DmaBuf.Guests;
using DmaBuf.Sharing;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Pair;

/// <summary>
/// On the host of a KVM guest: becomes the vhost-user back end, and imports from the guest once for each line of the
/// input, which names the round.
/// </summary>
internal sealed class GuestImporter(string socket, string cid, string port, int copies) : IDisposable
{
    private readonly WaitLimit _limit = new();
    private readonly StreamSource _peers = new(Endpoint.Parse($"vsock:{cid}:{port}"), NoListener.Wait);
    private readonly GuestMemory _guest = GuestMemory.Listen("guest", socket);

    public void Run()
    {
        _guest.WaitReady(_limit);
        while (Console.ReadLine() is { } step)
            Console.WriteLine(Take(step));
    }

    public void Dispose()
    {
        _guest.Dispose();
        _peers.Dispose();
        _limit.Dispose();
    }

    private string Take(string step)
    {
        using var peer = _peers.Next(_limit);
        var pages = GuestPagesBlob.Receive(peer, _limit);
        var start = Clock.Now;
        var buffer = _guest.Import(pages, peer);
        Stamp.Check(buffer);
        var mapped = Clock.Now;
        var copied = copies > 0 ? Copying.Median(buffer, copies) : 0;
        var release = Clock.Now;
        buffer.Dispose();
        return $"import {step} {mapped - start} {Clock.Now - release} {copied} {pages.RangeCount}";
    }
}
