namespace DmaBuf.Pair;

/// <summary>Imports from one exporter, round after round, until that closes without references.</summary>
internal sealed class Importer(string host, string port, ushort domain, int copies) : IDisposable
{
    private readonly WaitLimit _limit = new();
    private readonly PeerSource _peers = new(Endpoint.Parse($"tcp:{host}:{port}"), patient: true);

    public void Run()
    {
        ushort own;
        using (var store = XenStore.Open(_limit))
            own = XenDomain.OwnId(store);
        while (true)
        {
            using var peer = _peers.Next(_limit);
            GrantRefs grants;
            try
            {
                grants = GrantBlob.Receive(peer, domain, own, _limit);
            }
            catch (PeerException e) when (e.Fault == PeerFault.ClosedEarly)
            {
                return;
            }

            var start = Clock.Now;
            var buffer = GrantMapper.Import(grants);
            Stamp.Check(buffer);
            var mapped = Clock.Now;
            var copied = copies > 0 ? MedianCopy(buffer) : 0;
            var release = Clock.Now;
            buffer.Dispose();
            Console.WriteLine($"import {grants.Size} {mapped - start} {Clock.Now - release} {copied}");
        }
    }

    public void Dispose()
    {
        _peers.Dispose();
        _limit.Dispose();
    }

    private long MedianCopy(DmaBuffer buffer)
    {
        var target = new byte[buffer.Size];
        var times = new long[copies];
        for (var i = 0; i < copies; i++)
        {
            var start = Clock.Now;
            using (var view = buffer.OpenView(BufferAccess.Read))
                view.Slice(0, target.Length).CopyTo(target);
            times[i] = Clock.Now - start;
        }

        Array.Sort(times);
        return times[copies / 2];
    }
}
