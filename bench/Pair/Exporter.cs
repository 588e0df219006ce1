using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Sharing;
using DmaBuf.Transport;
using DmaBuf.Waits;
using DmaBuf.Xen;

namespace DmaBuf.Pair;

/// <summary>Reads a size from each line of the input and shares a buffer of that size with the next peer.</summary>
internal sealed class Exporter(string port, ushort domain, bool withUdmabuf) : IDisposable
{
    private readonly WaitLimit _limit = new();
    private readonly StreamSource _peers = new(Endpoint.Parse($"tcpd:0.0.0.0:{port}"));
    private DmaBuffer? _udmabuf;
    private ushort _own;

    public void Run()
    {
        using (var store = XenStore.Open(_limit))
            _own = XenDomain.OwnId(store);
        while (Console.ReadLine() is { } line)
        {
            var size = long.Parse(line);
            if (withUdmabuf)
                UseUdmabuf(size);
            try
            {
                var (grant, handOff) = Share(size);
                // Printed only after the release, because the other pair may run the next round.
                Console.WriteLine($"export {size} {grant} {handOff}");
            }
            catch (KernelException e) when (e.Call is "IOCTL_GNTDEV_DMABUF_IMP_TO_REFS" or "IOCTL_GNTALLOC_ALLOC_GREF")
            {
                Console.WriteLine($"failed {size} {e.Message} {e.RecommendedAction}");
            }
        }

        // The importer waits for another round; closing without sending references ends it.
        _peers.Next(_limit).Dispose();
    }

    public void Dispose()
    {
        _udmabuf?.Dispose();
        _peers.Dispose();
        _limit.Dispose();
    }

    /// <summary>Runs one round. Waiting for the peer and stamping the pages do not count.</summary>
    private (long Grant, long HandOff) Share(long size)
    {
        var start = Clock.Now;
        using var export = _udmabuf is null ? null : GrantExport.Create(_udmabuf, _own, domain);
        using var pages = _udmabuf is null ? GrantAllocator.Allocate(size, _own, domain) : null;
        var granted = Clock.Now;
        if (pages is not null)
            Stamp.Write(pages);

        using var peer = _peers.Next(_limit);
        var sent = Clock.Now;
        GrantBlob.Send(peer, export?.Grants ?? GrantRefs.Of(pages!)!, _limit);
        new ReleaseLink(peer).WaitUntilDone(_limit);
        return (granted - start, Clock.Now - sent);
    }

    private void UseUdmabuf(long size)
    {
        if (_udmabuf?.Size == size)
            return;
        _udmabuf?.Dispose();
        _udmabuf = UdmabufAllocator.Allocate(size);
        Stamp.Write(_udmabuf);
    }
}
