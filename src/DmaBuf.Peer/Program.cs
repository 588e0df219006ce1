using DmaBuf.Errors;
using DmaBuf.Sharing;
using DmaBuf.Waits;

namespace DmaBuf.Peer;

/// <summary>
/// The command line: the roles that <see cref="Usage"/> lists, and the roles of <see cref="VideoPeer"/>.
/// </summary>
internal static class Program
{
    private const string Usage = """
        Usage: dmabuf-peer server ADDRESS [vmid]
               dmabuf-peer client ADDRESS [vmid] [--reply TEXT]
               dmabuf-peer client ADDRESS [cid] --guest SOCKET [--qmp SOCKET] [--reply TEXT]
               dmabuf-peer guest-memory SOCKET SESSION_SOCKET [--qmp SOCKET]
               dmabuf-peer publish ADDRESS [vmid] [--turns N]
               dmabuf-peer consume ADDRESS [vmid]
               dmabuf-peer sender -a HOST -p PORT [-d DEVICE] [-W WIDTH] [-H HEIGHT] [-f FOURCC] [-b BUFFERS]
                   [-n FRAMES] [-e HEAP] [-m auto|dmabuf|mmap]
               dmabuf-peer receiver -p PORT [-l ADDRESS] [-e HEAP] [-o FILE] [-n FRAMES]
               dmabuf-peer sender_zc -a HOST -p PORT -D DOMAIN [-d DEVICE] [-W WIDTH] [-H HEIGHT] [-f FOURCC]
                   [-b BUFFERS] [-n FRAMES] [-k ACK_MS] [-t CONNECT_MS]
               dmabuf-peer receiver_zc -p PORT [-l ADDRESS] [-o FILE] [-n FRAMES] [-d IGNORED]
        ADDRESS is unix:PATH, unixd:PATH, tcp:HOST:PORT, tcpd:HOST:PORT, vsock:CID:PORT, vsockd:CID:PORT or,
        between domains without a network, vchan:DOMAIN:NAME, vchand:DOMAIN:NAME or xenstore:NAME.
        Without vmid the buffer's descriptor is handed over (unix only); with vmid, the id or name of the other side's
        domain, its grant references; over vsock, the guest's pages. --guest is where the QEMU of the guest connects to
        its vhost-user back end, which the client then is; --qmp adds that device to a QEMU that runs already. The
        guest's port must be below 1024, and cid is needed where the client listens. The client writes TEXT into the
        buffer, and the server prints what came back.
        guest-memory is the back end for as long as the guest lives, and shows its memory to one session after another
        that listens on SESSION_SOCKET (client --guest, Connect-GuestMemory).
        publish and consume use a channel, over any address but xenstore: publish fills three buffers in N turns (30),
        each once it is released, and consume prints the text in each. Over tcp, both need vmid.
        sender and receiver stream a camera's frames over TCP; with _zc, the frames stay in buffers that are shared.
        """;

    private static int Main(string[] arguments)
    {
        var isVideo = arguments is [var first, ..] && VideoPeer.IsRole(first);
        var options = new LongOptions(isVideo ? [] : arguments);
        if (!isVideo && !options.Fit)
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
            if (isVideo)
            {
                VideoPeer.Run(arguments[0], arguments.AsSpan(1), cancel.Token);
                return 0;
            }

            using var limit = new WaitLimit(null, cancel.Token);
            Run(options, limit);
            return 0;
        }
        catch (DmaBufException e)
        {
            Console.Error.WriteLine(Advice.Describe(e));
            return 1;
        }
        catch (FormatException e)
        {
            Console.Error.WriteLine($"{e.Message}\n{Usage}");
            return 2;
        }
        catch (OperationCanceledException)
        {
            return 130;
        }
    }

    private static void Run(LongOptions options, WaitLimit limit)
    {
        switch (options.Role)
        {
            case "publish":
                ChannelPeer.Publish(options.Address, options.Domain, options.Turns, limit);
                return;
            case "consume":
                ChannelPeer.Consume(options.Address, options.Domain, limit);
                return;
            case "guest-memory":
                GuestMemoryPeer.Run(options, limit);
                return;
        }

        using var carrier = Carrier.Open(options.Address);
        if (options.Role == "server")
            Server.Run(carrier, options, limit);
        else
            Client.Run(carrier, options, limit);
    }
}
