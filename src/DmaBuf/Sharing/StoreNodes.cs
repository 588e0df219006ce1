using System.Globalization;
using DmaBuf.Xen;

namespace DmaBuf.Sharing;

/// <summary>
/// Where references lie in xenstore for one peer: below the exporter's own <c>data</c> node, which it may write.
/// The peer reads the nodes and writes one of them, <c>release</c>.
/// </summary>
/// <param name="Exporter">The domain that offers.</param>
/// <param name="Importer">The domain that may read.</param>
/// <param name="Name">The name that both sides use.</param>
internal sealed record StoreNodes(ushort Exporter, ushort Importer, string Name)
{
    /// <summary>The last node that the exporter writes holds this.</summary>
    public const string Ready = "ready";

    /// <summary>What the peer writes into <c>release</c>: once it has the buffer, and once it is done with it.</summary>
    public const string Imported = "imported";

    /// <inheritdoc cref="Imported"/>
    public const string Released = "released";

    /// <summary>What the peer writes there, with a message behind it, where it could not import.</summary>
    public const string Failed = "failed ";

    /// <summary>The node of everything that a domain offers.</summary>
    public static string Root(ushort exporter) => $"{XenDomain.Node(exporter)}/data/dmabufps";

    /// <summary>All that is below is one offer.</summary>
    public string Node => $"{Root(Exporter)}/{Importer}/{Name}";

    /// <summary>Who offers: PID STARTTIME NAMESPACE NUMBER, the number counting that process's offers.</summary>
    public string Owner => $"{Node}/owner";

    /// <summary>The buffer's size in bytes.</summary>
    public string Size => $"{Node}/size";

    /// <summary>The one reference of a directory; instead of <see cref="Refs"/>.</summary>
    public string Directory => $"{Node}/directory";

    /// <summary>The reference of a page whose first byte turns from 1 to 0 when the peer is gone; there may be none.</summary>
    public string Notify => $"{Node}/notify";

    /// <summary>Whether the peer may read on.</summary>
    public string State => $"{Node}/state";

    /// <summary>The peer's mark.</summary>
    public string Release => $"{Node}/release";

    /// <summary>What a peer wrote, made fit to be shown: no control characters, and not too much of it.</summary>
    public static string Printable(string text)
    {
        const int MaxLength = 300;
        return string.Concat(text.Take(MaxLength).Select(c => char.IsControl(c) ? ' ' : c));
    }

    /// <summary>A part of the references in decimal, with spaces between them.</summary>
    public string Refs(int part) => string.Create(CultureInfo.InvariantCulture, $"{Node}/refs/{part}");
}
