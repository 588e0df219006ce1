using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Sharing;
using DmaBuf.Waits;
using DmaBuf.Xen;

namespace DmaBuf.Peer;

/// <summary>Makes a buffer, hands it to one peer, waits until that is done, and prints what it wrote.</summary>
internal static class Server
{
    public static void Run(Carrier carrier, string? domain, WaitLimit limit)
    {
        if (domain is null)
            SendDescriptor(carrier, limit);
        else
            SendRefs(carrier, domain, limit);
    }

    private static void SendDescriptor(Carrier carrier, WaitLimit limit)
    {
        carrier.CheckPassesDescriptors();
        using var buffer = NewBuffer();
        using var link = carrier.Send(buffer, limit);
        link.WaitUntilReadAndDone(limit);
        Sample.PrintReply(buffer);
    }

    private static void SendRefs(Carrier carrier, string domain, WaitLimit limit)
    {
        var (own, peerDomain) = XenDomain.FindPeer(domain, limit);
        var (buffer, export) = Share(own, peerDomain);
        using (buffer)
        using (export)
        {
            var grants = export?.Grants ?? GrantRefs.Of(buffer)!;
            Sample.Print(grants);
            using var link = carrier.Send(grants, limit);
            link.WaitUntilReadAndDone(limit);
            Sample.PrintReply(buffer);
        }
    }

    /// <summary>A dma-buf's pages where the grant device can grant them, else pages of the grant allocator.</summary>
    private static (DmaBuffer Buffer, GrantExport? Export) Share(ushort own, ushort peer)
    {
        DmaBuffer? buffer = null;
        try
        {
            buffer = NewBuffer();
            var export = GrantExport.Create(buffer, own, peer);
            if (ExportHazard.Find(own) is { } hazard)
                Console.Error.WriteLine($"Warning: {hazard}");
            return (buffer, export);
        }
        catch (KernelException e) when (e.ErrnoName is "ENOTTY" or "ENOENT")
        {
            buffer?.Dispose();
            Console.Error.WriteLine($"{e.Message} Sharing pages of the grant allocator instead.");
            buffer = GrantAllocator.Allocate(Sample.RangeCount * Sample.RangeSize, own, peer);
            Sample.Fill(buffer);
            return (buffer, null);
        }
    }

    private static DmaBuffer NewBuffer()
    {
        var buffer = UdmabufAllocator.Allocate(Sample.RangeSize, Sample.RangeCount);
        Console.WriteLine($"Created dma-buf FD {buffer.Fd} spanning {Sample.RangeCount} ranges ({Sample.RangeSize} bytes each).");
        Sample.Fill(buffer);
        return buffer;
    }
}
