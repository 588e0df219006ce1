using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Sharing;
using DmaBuf.Transport;
using DmaBuf.Waits;
using DmaBuf.Xen;

namespace DmaBuf.Pair;

/// <summary>Imports from one exporter, round after round, until it closes without sending references.</summary>
internal sealed class Importer(string host, string port, ushort domain, int copies) : IDisposable
{
    private readonly WaitLimit _limit = new();
    private readonly StreamSource _peers = new(Endpoint.Parse($"tcp:{host}:{port}"), NoListener.Wait);

    public void Run()
    {
        ushort own;
        using (var store = XenStore.Open(_limit))
            own = XenDomain.OwnId(store);
        while (Take(own) is { } line)
            Console.WriteLine(line);
    }

    public void Dispose()
    {
        _peers.Dispose();
        _limit.Dispose();
    }

    /// <summary>Runs one round and returns its line; null when the exporter has no more rounds.</summary>
    private string? Take(ushort own)
    {
        using var peer = _peers.Next(_limit);
        GrantRefs grants;
        try
        {
            grants = GrantBlob.Receive(peer, domain, own, _limit);
        }
        catch (PeerException e) when (e.Fault == PeerFault.ClosedEarly)
        {
            return null;
        }

        var start = Clock.Now;
        var buffer = GrantMapper.Import(grants);
        Stamp.Check(buffer);
        var mapped = Clock.Now;
        var copied = copies > 0 ? Copying.Median(buffer, copies) : 0;
        var release = Clock.Now;
        buffer.Dispose();
        var released = Clock.Now;
        peer.Dispose();
        return $"import {grants.Size} {mapped - start} {released - release} {copied}";
    }
}
