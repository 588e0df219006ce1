using System.Globalization;
using System.Text;
using DmaBuf.Tracing;
using DmaBuf.Xen;

namespace DmaBuf.Sharing;

/// <summary>
/// The nodes of an offer of references to one peer, below the exporter's own <c>data</c> node, which it may write. The
/// peer reads the nodes and writes one of them, <c>release</c>. Offers of the same name are numbered, and the peer
/// takes the lowest that nobody has taken.
/// </summary>
/// <param name="Exporter">The domain that offers.</param>
/// <param name="Importer">The domain that may read.</param>
/// <param name="Name">The name that both sides use.</param>
/// <param name="Number">The offer's number, from 1; 0 before it has one.</param>
internal sealed record StoreNodes(ushort Exporter, ushort Importer, string Name, int Number = 0)
{
    /// <summary>The content of the last node that the exporter writes.</summary>
    public const string Ready = "ready";

    /// <summary>What the peer writes into <c>release</c> when it has the buffer, and when it is done with it.</summary>
    public const string Imported = "imported";

    /// <inheritdoc cref="Imported"/>
    public const string Released = "released";

    /// <summary>What the peer writes there, followed by a message, if it could not import.</summary>
    public const string Failed = "failed ";

    /// <summary>The node of everything that a domain offers.</summary>
    public static string Root(ushort exporter) => $"{XenDomain.Node(exporter)}/data/dmabufps";

    /// <summary>The node of all offers of this name.</summary>
    public string Queue => $"{Root(Exporter)}/{Importer}/{Name}";

    /// <summary>The node of this offer.</summary>
    public string Node => string.Create(CultureInfo.InvariantCulture, $"{Queue}/{Number}");

    /// <summary>
    /// The offering process: PID STARTTIME NAMESPACE NUMBER, where the number counts the offers of that process.
    /// </summary>
    public string Owner => $"{Node}/owner";

    /// <summary>The buffer's size in bytes.</summary>
    public string Size => $"{Node}/size";

    /// <summary>The reference of a directory, in place of <see cref="Refs"/>.</summary>
    public string Directory => $"{Node}/directory";

    /// <summary>
    /// The reference of a page whose first byte changes from 1 to 0 when the peer is gone. The node may be missing.
    /// </summary>
    public string Notify => $"{Node}/notify";

    /// <summary>Holds <see cref="Ready"/> once the peer may read the other nodes.</summary>
    public string State => $"{Node}/state";

    /// <summary>The peer's mark.</summary>
    public string Release => $"{Node}/release";

    /// <summary>The offers of this name, lowest number first.</summary>
    public IEnumerable<StoreNodes> All(XenStore store) =>
        from text in store.List(Queue)
        let number = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? parsed : 0
        where number > 0
        orderby number
        select this with { Number = number };

    /// <summary>
    /// Removes this offer, if it still belongs to the given owner, and the parent nodes that are then empty.
    /// </summary>
    public void Withdraw(XenStore store, string? owner) => store.Transact(Node, () =>
    {
        if (store.Read(Owner) != owner)
            return;
        store.Remove(Node);
        store.RemoveIfEmpty(Queue);
        store.RemoveIfEmpty($"{Root(Exporter)}/{Importer}");
        store.RemoveIfEmpty(Root(Exporter));
        // In any other domain the toolstack made the data node, and the domain could not make it again.
        if (Exporter == 0)
            store.RemoveIfEmpty($"{XenDomain.Node(0)}/data");
    });

    /// <summary>
    /// Text from or for a peer, cut to a length that can be shown, with control characters made visible.
    /// </summary>
    public static string Printable(string text)
    {
        const int MaxLength = 300;
        return VisibleText.Of(text.Length > MaxLength ? text[..MaxLength] : text);
    }

    /// <summary>The node of one part of the references, in decimal and separated by spaces.</summary>
    public string Refs(int part) => string.Create(CultureInfo.InvariantCulture, $"{Node}/refs/{part}");

    /// <summary>Writes the references in parts that fit into a node.</summary>
    public void WriteRefs(XenStore store, IReadOnlyList<uint> refs)
    {
        // A domU's node holds less than 2048 bytes, including permissions and the names of children.
        const int PartBytes = 2000;
        var text = new StringBuilder();
        var part = 0;
        foreach (var reference in refs)
        {
            var word = reference.ToString(CultureInfo.InvariantCulture);
            if (text.Length + 1 + word.Length > PartBytes)
                Flush();
            text.Append(text.Length == 0 ? "" : " ").Append(word);
        }

        Flush();

        void Flush()
        {
            store.Write(Refs(part++), text.ToString());
            text.Clear();
        }
    }
}
