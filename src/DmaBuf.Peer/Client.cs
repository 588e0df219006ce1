using System.Globalization;
using DmaBuf.Buffers;
using DmaBuf.Grants;
using DmaBuf.Guests;
using DmaBuf.Sharing;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Peer;

/// <summary>
/// Receives a buffer from one peer, prints the text in it, writes a reply if one was given, and closes it.
/// </summary>
internal static class Client
{
    public static void Run(Carrier carrier, LongOptions options, WaitLimit limit)
    {
        using var guest = options.Guest is { } socket ? Connect(socket, options, limit) : null;
        using var buffer = Receive(carrier, options, guest, limit);
        Sample.Print(buffer);
        if (options.Reply is not null)
            Sample.WriteLine(buffer, options.Reply);
    }

    private static DmaBuffer Receive(Carrier carrier, LongOptions options, GuestMemory? guest, WaitLimit limit)
    {
        if (guest is not null)
        {
            var imported = carrier.Receive(guest, allowAnyPeer: false, limit);
            Sample.Print(GuestPages.Of(imported)!);
            Console.Error.WriteLine("imported via guest-pages");
            return imported;
        }

        return options.Domain is { } domain ? Import(carrier, domain, limit) : carrier.Receive(limit);
    }

    private static DmaBuffer Import(Carrier carrier, string domain, WaitLimit limit)
    {
        var buffer = carrier.Receive(domain, ImportMethod.Any, limit);
        Sample.Print(GrantRefs.Of(buffer)!);
        Console.Error.WriteLine($"imported via {(buffer.IsDmaBuf ? "dmabuf" : "mapping")}");
        return buffer;
    }

    /// <summary>Becomes the back end, and waits until the guest's pages can be imported.</summary>
    private static GuestMemory Connect(string socket, LongOptions options, WaitLimit limit)
    {
        var guest = GuestMemory.Listen("guest", socket, CidOf(options));
        try
        {
            if (options.Qmp is { } qmp)
                guest.PlugIn(qmp, limit);
            else
                guest.WaitReady(limit);
            return guest;
        }
        catch
        {
            guest.Dispose();
            throw;
        }
    }

    /// <exception cref="FormatException">It is needed, and missing or not a number.</exception>
    private static uint CidOf(LongOptions options)
    {
        var endpoint = Endpoint.Parse(options.Address);
        if (options.Domain is null && endpoint is { Kind: EndpointKind.Vsock, Role: EndpointRole.Connect })
            return endpoint.Cid;
        return uint.TryParse(options.Domain, NumberStyles.None, CultureInfo.InvariantCulture, out var cid)
            ? cid
            : throw new FormatException("The guest's cid is missing, or not a number.");
    }
}
