using DmaBuf.Errors;
using DmaBuf.Sharing;
using DmaBuf.Waits;

namespace DmaBuf.Peer;

/// <summary>
/// The command line: <c>dmabuf-peer server ADDRESS [vmid]</c>,
/// <c>dmabuf-peer client ADDRESS [vmid] [--reply TEXT]</c>.
/// </summary>
internal static class Program
{
    private const string Usage = """
        Usage: dmabuf-peer server ADDRESS [vmid]
               dmabuf-peer client ADDRESS [vmid] [--reply TEXT]
        ADDRESS is unix:PATH, unixd:PATH, tcp:HOST:PORT, tcpd:HOST:PORT, vsock:CID:PORT, vsockd:CID:PORT or,
        between domains without a network, vchan:DOMAIN:NAME, vchand:DOMAIN:NAME or xenstore:NAME.
        Without vmid the buffer's descriptor is handed over (unix only); with vmid, the id or name of the other side's
        domain, its grant references. The client writes TEXT into the buffer, and the server prints what came back.
        """;

    private static int Main(string[] arguments)
    {
        string? reply = null;
        if (arguments is ["client", .., "--reply", var text])
        {
            reply = text;
            arguments = arguments[..^2];
        }

        if (arguments.Length is < 2 or > 3 || arguments[0] is not ("server" or "client"))
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        using var cancel = new CancellationTokenSource();
        Console.CancelKeyPress += (_, interrupt) =>
        {
            interrupt.Cancel = true;
            cancel.Cancel();
        };
        try
        {
            using var carrier = Carrier.Open(arguments[1]);
            var domain = arguments.ElementAtOrDefault(2);
            using var limit = new WaitLimit(null, cancel.Token);
            if (arguments[0] == "server")
                Server.Run(carrier, domain, limit);
            else
                Client.Run(carrier, domain, reply, limit);
            return 0;
        }
        catch (DmaBufException e)
        {
            Console.Error.WriteLine(Advice.Describe(e));
            return 1;
        }
        catch (OperationCanceledException)
        {
            return 130;
        }
    }
}
