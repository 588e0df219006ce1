using System.Globalization;
using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Waits;
using DmaBuf.Xen;

namespace DmaBuf.Sharing;

/// <summary>
/// The claim on references that another domain offered to this one in xenstore. The buffer made from them owns the
/// claim, and writes the release mark when it is freed. The exporter is not trusted: each number is checked.
/// </summary>
internal sealed class StoreClaim : IDisposable
{
    private const int LookMilliseconds = 1000;
    private const string Advice =
        "It does not speak this protocol of grant references in xenstore, or it failed: look at its own messages.";
    private static readonly TimeSpan s_mark = TimeSpan.FromSeconds(5);

    private readonly StoreNodes _nodes;
    private readonly string _owner;
    private readonly string _peer;
    private DmaBuffer? _buffer;
    private DmaBuffer? _notice;

    private StoreClaim(StoreNodes nodes, string owner, string peer)
    {
        _nodes = nodes;
        _owner = owner;
        _peer = peer;
    }

    /// <summary>
    /// Waits until an exporter offers references under a name, and imports them. The exporter learns of a failure, and
    /// when the buffer is freed.
    /// </summary>
    /// <exception cref="PeerException">
    /// BadNode, BadCount: the exporter's nodes do not hold valid references.
    /// </exception>
    /// <exception cref="DomainException">Unknown: the exporter does not exist, or has ended.</exception>
    /// <exception cref="KernelException">As <see cref="GrantMapper.Import"/>.</exception>
    /// <exception cref="XenStoreException">Refused.</exception>
    /// <exception cref="WaitTimeoutException">Nothing was offered in time.</exception>
    public static DmaBuffer Receive(string address, string name, ushort exporter, ImportMethod method, WaitLimit limit)
    {
        using var store = XenStore.Open(limit);
        var own = XenDomain.OwnId(store);
        var nodes = new StoreNodes(exporter, own, name);
        store.TryWatch(nodes.Queue);
        while (true)
        {
            if (own == 0 && !XenDomain.Exists(store, exporter))
                throw XenDomain.NotThere($"{exporter}");
            foreach (var offer in nodes.All(store))
            {
                if (FindOwner(store, offer) is not { } owner)
                    continue;
                var claim = new StoreClaim(offer, owner, $"{address} (domain {exporter})");
                if (claim.Import(store, method) is { } buffer)
                    return buffer;
            }

            store.WaitForEvent(LookMilliseconds, $"references from domain {exporter} at {address}");
        }
    }

    /// <summary>
    /// Tells the exporter that this side is done. Does nothing if the exporter has withdrawn its offer.
    /// </summary>
    public void Dispose() => AtExit.End(_buffer!, Release);

    /// <summary>The owner of an offer that is ready and that nobody has taken; null if it is not.</summary>
    private static string? FindOwner(XenStore store, StoreNodes nodes) =>
        store.ReadIfAllowed(nodes.State) == StoreNodes.Ready && store.ReadIfAllowed(nodes.Release) == ""
            ? store.ReadIfAllowed(nodes.Owner)
            : null;

    /// <summary>Imports the offer; null if another process of this domain took it first, or it was withdrawn.</summary>
    private DmaBuffer? Import(XenStore store, ImportMethod method)
    {
        DmaBuffer buffer;
        uint? page;
        try
        {
            page = ReadNumber(store, _nodes.Notify);
            buffer = GrantMapper.Import(ReadGrants(store), method);
        }
        catch (DmaBufException) when (IsWithdrawn(store))
        {
            return null;
        }
        catch (Exception e)
        {
            TryMark("", StoreNodes.Failed + StoreNodes.Printable(e.Message));
            throw;
        }

        bool isTaken;
        try
        {
            _notice = page is { } reference ? ReleaseNotice.TryHold(Grants([reference])) : null;
            isTaken = Mark(store, "", StoreNodes.Imported);
        }
        catch
        {
            _notice?.Dispose();
            buffer.Dispose();
            // Cancelled before the answer came: the mark may have been written.
            TryMark(StoreNodes.Imported, StoreNodes.Released);
            throw;
        }

        if (!isTaken)
        {
            _notice?.Dispose();
            buffer.Dispose();
            return null;
        }

        _buffer = buffer;
        buffer.OwnPeer(this);
        AtExit.Add(buffer);
        return buffer;
    }

    private void Release()
    {
        TryMark(StoreNodes.Imported, StoreNodes.Released);
        _notice?.Dispose();
    }

    /// <summary>Whether the offer was withdrawn, or replaced by a later one, while it was read.</summary>
    private bool IsWithdrawn(XenStore store) => store.ReadIfAllowed(_nodes.Owner) != _owner;

    private GrantRefs ReadGrants(XenStore store)
    {
        const int PageSize = GrantRefs.GrantPageSize;
        var size = store.Read(_nodes.Size);
        if (!long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)
            || bytes == 0 || bytes % PageSize != 0 || bytes / PageSize > GrantMapper.MaxPages)
        {
            throw new PeerException(
                PeerFault.BadCount,
                _peer,
                $"offers '{StoreNodes.Printable(size ?? "")}' bytes, but the grant device takes 1 to "
                    + $"{GrantMapper.MaxPages} pages of {PageSize}",
                Advice);
        }

        if (ReadNumber(store, _nodes.Directory) is { } directory)
            return GrantDirectory.Read(_nodes.Exporter, _nodes.Importer, directory, bytes);

        var refs = new uint[bytes / PageSize];
        var done = 0;
        for (var part = 0; done < refs.Length; part++)
        {
            var words = store.Read(_nodes.Refs(part)) ?? throw WrongCount(done, refs.Length);
            foreach (var word in words.Split(' '))
            {
                if (done == refs.Length)
                    throw WrongCount(done + 1, refs.Length);
                refs[done++] = Number(word);
            }
        }

        return Grants(refs);
    }

    private GrantRefs Grants(uint[] refs) =>
        new() { Domain = _nodes.Exporter, PeerDomain = _nodes.Importer, Refs = refs };

    private uint? ReadNumber(XenStore store, string path) =>
        store.ReadIfAllowed(path) is { } word ? Number(word) : null;

    private uint Number(string word) =>
        uint.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new PeerException(
                PeerFault.BadNode, _peer, $"offers '{StoreNodes.Printable(word)}' as a grant reference", Advice);

    private PeerException WrongCount(int listed, int pages) =>
        new(PeerFault.BadCount, _peer, $"lists {listed} references or more for a buffer of {pages} pages", Advice);

    /// <summary>
    /// Replaces one mark by another, in this offer and not in a later one of the same name. False if the first mark is
    /// not there: dom0 may write everywhere, and must not recreate nodes that their exporter has removed.
    /// </summary>
    private bool Mark(XenStore store, string from, string to)
    {
        var isMarked = false;
        store.Transact(_nodes.Release, () =>
        {
            isMarked = !IsWithdrawn(store) && store.ReadIfAllowed(_nodes.Release) == from;
            if (isMarked)
                store.Write(_nodes.Release, to);
        });
        return isMarked;
    }

    private void TryMark(string from, string to)
    {
        using var limit = new WaitLimit(s_mark);
        try
        {
            using var store = XenStore.Open(limit);
            Mark(store, from, to);
        }
        catch (DmaBufException)
        {
            // xenstore is gone, or the exporter has withdrawn the permission to write here.
        }
    }
}
