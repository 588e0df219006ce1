using System.Globalization;
using DmaBuf.Transport;

namespace DmaBuf.Pair;

/// <summary>
/// Takes the same command lines as Xen/pair.c and Kvm/pages.c and prints the same output; they describe both. Beside
/// that, it is a side of a stream, a channel or a stream of frames, for streams.sh.
/// </summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        switch (arguments)
        {
            case ["export", var port, var domain, var backing]:
                using (var exporter = new Exporter(port, ushort.Parse(domain), backing == "udmabuf"))
                    exporter.Run();
                return 0;
            case ["import", var host, var port, var domain, .. var rest]:
                var copies = rest.Length == 0 ? 0 : int.Parse(rest[0]);
                using (var importer = new Importer(host, port, ushort.Parse(domain), copies))
                    importer.Run();
                return 0;
            case ["pages-export", var port]:
                using (var exporter = new GuestExporter(port))
                    exporter.Run();
                return 0;
            case ["pages-import", var socket, var cid, var port, .. var rest]:
                using (var importer = new GuestImporter(socket, cid, port, rest.Length == 0 ? 0 : int.Parse(rest[0])))
                    importer.Run();
                return 0;
            case [var what and ("bare" or "channel" or "flow"), var address, var domain, var count]:
                using (var side = new StreamSide(Endpoint.Parse(address), domain))
                {
                    switch (what)
                    {
                        case "bare":
                            side.Bare(int.Parse(count));
                            break;
                        case "channel":
                            side.Channel(int.Parse(count));
                            break;
                        default:
                            side.Flow(long.Parse(count));
                            break;
                    }
                }

                return 0;
            case ["frames", var address, var domain, var count, var width, var height, .. var rest]:
                using (var side = new FrameSide(Endpoint.Parse(address), ushort.Parse(domain), int.Parse(count)))
                    side.Run(int.Parse(width), int.Parse(height), reads: rest is ["read"]);
                return 0;
            default:
                Console.Error.WriteLine(
                    "usage: dmabuf-pair export PORT DOMAIN udmabuf|gntalloc | import HOST PORT DOMAIN [COPIES]"
                    + " | pages-export PORT | pages-import SOCKET CID PORT [COPIES]"
                    + " | bare|channel ADDRESS DOMAIN ROUNDS | flow ADDRESS DOMAIN BYTES"
                    + " | frames ADDRESS DOMAIN FRAMES WIDTH HEIGHT [read]");
                return 2;
        }
    }
}
