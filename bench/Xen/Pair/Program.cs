using System.Globalization;

namespace DmaBuf.Pair;

/// <summary>The command line and the output of pair.c, which says what they mean.</summary>
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
                using (var importer = new Importer(host, port, ushort.Parse(domain), rest.Length == 0 ? 0 : int.Parse(rest[0])))
                    importer.Run();
                return 0;
            default:
                Console.Error.WriteLine("usage: dmabuf-pair export PORT DOMAIN udmabuf|gntalloc | import HOST PORT DOMAIN [COPIES]");
                return 2;
        }
    }
}
