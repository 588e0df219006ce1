using System.Globalization;
using DmaBuf.Tracing;
using DmaBuf.Xen;

namespace DmaBuf.Sharing;

/// <summary>
/// Where references lie in xenstore for one peer: below the exporter's own <c>data</c> node, which it may write.
/// The peer reads the nodes and writes one of them, <c>release</c>. The offers by one name are numbered, and the peer
/// takes the lowest that nobody has taken.
/// </summary>
/// <param name="Exporter">The domain that offers.</param>
/// <param name="Importer">The domain that may read.</param>
/// <param name="Name">The name that both sides use.</param>
/// <param name="Number">The offer's number, from 1; 0 before it has one.</param>
internal sealed record StoreNodes(ushort Exporter, ushort Importer, string Name, int Number = 0)
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

    /// <summary>The node of all offers by this name.</summary>
    public string Queue => $"{Root(Exporter)}/{Importer}/{Name}";

    /// <summary>All that is below is one offer.</summary>
    public string Node => string.Create(CultureInfo.InvariantCulture, $"{Queue}/{Number}");

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

    /// <summary>The offers by this name, the lowest first.</summary>
    public IEnumerable<StoreNodes> All(XenStore store) =>
        from text in store.List(Queue)
        let number = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed : 0
        where number > 0
        orderby number
        select this with { Number = number };

    /// <summary>Removes this offer, if it is still that owner's, and the nodes above that it leaves empty.</summary>
    public void Withdraw(XenStore store, string? owner) => store.Transact(Node, () =>
    {
        if (store.Read(Owner) != owner)
            return;
        store.Remove(Node);
        RemoveIfEmpty(store, Queue);
        RemoveIfEmpty(store, $"{Root(Exporter)}/{Importer}");
        RemoveIfEmpty(store, Root(Exporter));
        // Every other domain got its data node from the toolstack, and could not make it again.
        if (Exporter == 0)
            RemoveIfEmpty(store, $"{XenDomain.Node(0)}/data");
    });

    /// <summary>What a peer wrote, or what it is told, fit to be shown: no more than this of it.</summary>
    public static string Printable(string text)
    {
        const int MaxLength = 300;
        return VisibleText.Of(text.Length > MaxLength ? text[..MaxLength] : text);
    }

    /// <summary>A part of the references in decimal, with spaces between them.</summary>
    public string Refs(int part) => string.Create(CultureInfo.InvariantCulture, $"{Node}/refs/{part}");

    private static void RemoveIfEmpty(XenStore store, string path)
    {
        if (store.List(path).Count == 0)
            store.Remove(path);
    }
}
