using DmaBuf.Buffers;
using DmaBuf.Guests;
using DmaBuf.Sharing;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Pair;

/// <summary>
/// In a KVM guest: reads a size from each line of the input, with an h after it for huge pages, and shares a buffer of
/// that size with the next peer. Prints the buffer's memfd, whose pages pages.c shares as well.
/// </summary>
internal sealed class GuestExporter(string port) : IDisposable
{
    private readonly WaitLimit _limit = new();
    private readonly StreamSource _peers = new(Endpoint.Parse($"vsockd:-1:{port}"));
    private DmaBuffer? _buffer;
    private string? _step;

    public void Run()
    {
        while (Console.ReadLine() is { } step)
        {
            if (step != _step)
                Allocate(step);
            var (export, handOff) = Share(_buffer!);
            var memfd = _buffer!.MemFds[0].MemFd.Number;
            Console.WriteLine($"export {step} {export} {handOff} /proc/{Environment.ProcessId}/fd/{memfd}");
        }
    }

    public void Dispose()
    {
        _buffer?.Dispose();
        _peers.Dispose();
        _limit.Dispose();
    }

    /// <summary>Runs one round. Waiting for the peer does not count.</summary>
    private (long Export, long HandOff) Share(DmaBuffer buffer)
    {
        var start = Clock.Now;
        using var export = GuestPagesExport.Create(buffer);
        var exported = Clock.Now;
        Console.WriteLine("exported");
        using var peer = _peers.Next(_limit);
        var sent = Clock.Now;
        GuestPagesBlob.Send(peer, export.Pages, _limit);
        new ReleaseLink(peer).WaitUntilDone(_limit);
        return (exported - start, Clock.Now - sent);
    }

    private void Allocate(string step)
    {
        _buffer?.Dispose();
        _buffer = UdmabufAllocator.Allocate(
            long.Parse(step.TrimEnd('h')), 1, new MemFdOptions { HugePages = step.EndsWith('h') });
        Stamp.Write(_buffer);
        _step = step;
    }
}
