using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Sharing;
using DmaBuf.Waits;
using DmaBuf.Xen;

namespace DmaBuf.Peer;

/// <summary>
/// Makes a buffer, hands it to one peer, waits until the peer is done, and prints what the peer wrote.
/// </summary>
internal static class Server
{
    public static void Run(Carrier carrier, LongOptions options, WaitLimit limit)
    {
        using var table = new ShareTable();
        if (options.Domain is { } domain)
            SendRefs(table, carrier, domain, limit);
        else if (options.IsVsock)
            SendPages(table, carrier, limit);
        else
            SendDescriptor(table, carrier, limit);
    }

    private static void SendDescriptor(ShareTable table, Carrier carrier, WaitLimit limit)
    {
        carrier.CheckPassesDescriptors();
        var buffer = table.Add(NewBuffer());
        table.Send(carrier, buffer, wait: true, limit);
        Sample.PrintReply(buffer);
    }

    private static void SendPages(ShareTable table, Carrier carrier, WaitLimit limit)
    {
        var buffer = table.Add(NewBuffer());
        var pages = table.ExportGuestPages(buffer);
        Sample.Print(pages);
        table.Send(carrier, pages, wait: true, limit);
        Sample.PrintReply(buffer);
    }

    private static void SendRefs(ShareTable table, Carrier carrier, string domain, WaitLimit limit)
    {
        var (own, peer) = XenDomain.FindPeer(domain, limit);
        var (buffer, grants) = Share(table, own, peer);
        Sample.Print(grants);
        table.Send(carrier, grants, wait: true, limit);
        Sample.PrintReply(buffer);
    }

    /// <summary>
    /// Shares a dma-buf where the grant device can grant its pages, otherwise pages of the grant allocator.
    /// </summary>
    private static (DmaBuffer Buffer, GrantRefs Grants) Share(ShareTable table, ushort own, ushort peer)
    {
        DmaBuffer? buffer = null;
        try
        {
            buffer = table.Add(NewBuffer());
            var grants = table.Export(buffer, own, peer);
            if (ExportHazard.Find(own) is { } hazard)
                Console.Error.WriteLine($"Warning: {hazard}");
            return (buffer, grants);
        }
        catch (KernelException e) when (e.ErrnoName is "ENOTTY" or "ENOENT")
        {
            if (buffer is not null)
                table.Remove(buffer);
            Console.Error.WriteLine($"{e.Message} Sharing pages of the grant allocator instead.");
            buffer = table.AddGrantPages(Sample.RangeCount * Sample.RangeSize, own, peer);
            Sample.Fill(buffer);
            return (buffer, GrantRefs.Of(buffer)!);
        }
    }

    private static DmaBuffer NewBuffer()
    {
        var buffer = UdmabufAllocator.Allocate(Sample.RangeSize, Sample.RangeCount);
        Console.WriteLine(
            $"Created dma-buf FD {buffer.Fd} spanning {Sample.RangeCount} ranges ({Sample.RangeSize} bytes each).");
        Sample.Fill(buffer);
        return buffer;
    }
}
