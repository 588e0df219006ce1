using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Waits;
using DmaBuf.Xen;

namespace DmaBuf.Sharing;

/// <summary>
/// References that lie in xenstore for one domain, until it is done with them or the offer is disposed. No connection
/// stays open meanwhile. The end of this process withdraws the offer; a killed one's is swept by the domain's next.
/// </summary>
internal sealed class StoreOffer : IReleaseLink
{
    /// <summary>A node of an ordinary domain holds less than 2048 bytes, permissions and names of children included.</summary>
    private const int PartBytes = 2000;
    private const int LookMilliseconds = 1000;
    private const int NoticeMilliseconds = 100;
    private static readonly TimeSpan s_withdrawal = TimeSpan.FromSeconds(5);
    private static readonly ConcurrentDictionary<string, StoreOffer> s_live = new();
    private static long s_last;

    private readonly StoreNodes _nodes;
    private readonly string _owner = string.Create(CultureInfo.InvariantCulture, $"{ProcessMark.Own} {Interlocked.Increment(ref s_last)}");
    private ReleaseNotice? _notice;
    private bool _peerIsSeen;
    private Seen? _final;
    private int _disposed;

    private StoreOffer(StoreNodes nodes, string address)
    {
        _nodes = nodes;
        Peer = $"{address} (domain {nodes.Importer})";
    }

    private enum Progress
    {
        Offered,
        Imported,
        Released,
        Failed,
        Gone,
        Withdrawn,
    }

    /// <inheritdoc/>
    public string Peer { get; }

    /// <inheritdoc/>
    public bool IsDone
    {
        get
        {
            using var limit = new WaitLimit(s_withdrawal);
            try
            {
                using var store = XenStore.Open(limit);
                return _disposed != 0 || IsOver(Look(store).Progress);
            }
            catch (DmaBufException)
            {
                // xenstore cannot be asked: nothing says that the peer is done.
                return false;
            }
        }
    }

    /// <summary>Offers references and waits until the peer has imported them.</summary>
    /// <exception cref="AddressException">InUse: this domain offers something else by that name. UnknownDomain.</exception>
    /// <exception cref="BufferException">OtherDomain: the references are not this domain's.</exception>
    /// <exception cref="XenStoreException">Refused: EACCES, ENOSPC where the quota is used up.</exception>
    /// <exception cref="PeerException">ImportFailed: the peer says why. ClosedEarly: its domain was destroyed.</exception>
    /// <exception cref="WaitTimeoutException">The peer did not import in time.</exception>
    public static StoreOffer Send(string address, string name, GrantRefs grants, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(grants);
        var offer = new StoreOffer(new StoreNodes(grants.Domain, grants.PeerDomain, name), address);
        try
        {
            using (var store = XenStore.Open(limit))
                offer.Write(store, address, grants);
            offer.WaitForImport(limit);
            return offer;
        }
        catch
        {
            offer.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="BufferException">LinkEnded: the offer was withdrawn meanwhile.</exception>
    public void WaitUntilDone(WaitLimit limit) => Wait(limit, IsOver, $"{Peer} to release the buffer");

    /// <summary>Withdraws the offer: its nodes go, and those above that it leaves empty.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        s_live.TryRemove(_owner, out _);
        AtExit.Remove(this);
        using var limit = new WaitLimit(s_withdrawal);
        try
        {
            using var store = XenStore.Open(limit);
            Withdraw(store, _nodes, _owner);
        }
        catch (DmaBufException)
        {
            // xenstore is gone, and the nodes with it, or it was busy: the next offer of this domain sweeps them.
        }

        _notice?.Dispose();
    }

    private static bool IsOver(Progress progress) => progress is Progress.Released or Progress.Failed or Progress.Gone;

    private void Write(XenStore store, string address, GrantRefs grants)
    {
        var own = XenDomain.OwnId(store);
        if (own != grants.Domain)
        {
            throw new BufferException(BufferFault.OtherDomain, $"{grants} are not of this domain, which is {own}.",
                "Send them in the domain that exported them.");
        }

        _peerIsSeen = XenDomain.Exists(store, grants.PeerDomain);
        if (own == 0 && !_peerIsSeen)
            throw XenDomain.Unknown($"{grants.PeerDomain}", "there is no such domain");
        Sweep(store, own);
        AtExit.Add(this);
        s_live[_owner] = this;
        Take(store, address);
        store.Write(_nodes.Size, grants.Size.ToString(CultureInfo.InvariantCulture));
        if (grants.Directory is { } directory)
            store.Write(_nodes.Directory, directory.ToString(CultureInfo.InvariantCulture));
        else
            WriteRefs(store, grants.Refs);
        store.Write(_nodes.Release, "");
        store.SetPermissions(_nodes.Release, _nodes.Exporter, _nodes.Importer, peerMayWrite: true);
        _notice = ReleaseNotice.TryCreate(_nodes.Exporter, _nodes.Importer);
        if (_notice is not null)
            store.Write(_nodes.Notify, _notice.Ref.ToString(CultureInfo.InvariantCulture));
        store.Write(_nodes.State, StoreNodes.Ready);
    }

    /// <summary>Makes the node, closed to all but the peer before anything is in it: what is below inherits that.</summary>
    private void Take(XenStore store, string address)
    {
        string? before = null, mark = null;
        store.Transact(_nodes.Node, () =>
        {
            before = store.Read(_nodes.Owner);
            mark = store.Read(_nodes.Release);
            if (IsLive(before) && MarkedEnd(mark) is null)
            {
                throw new AddressException(AddressFault.InUse, address, $"this domain offers something by that name to domain {_nodes.Importer} already",
                    "Wait for its release, revoke it with Revoke-GrantRefs, or use another name.");
            }

            store.Remove(_nodes.Node);
            store.MakeNode(_nodes.Node);
            store.SetPermissions(_nodes.Node, _nodes.Exporter, _nodes.Importer, peerMayWrite: false);
            store.Write(_nodes.Owner, _owner);
        });
        // Who still waits for that one finds its mark no more.
        if (before is not null && MarkedEnd(mark) is { } end && s_live.TryGetValue(before, out var other))
            Interlocked.CompareExchange(ref other._final, end, null);
    }

    private void WriteRefs(XenStore store, IReadOnlyList<uint> refs)
    {
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
            store.Write(_nodes.Refs(part++), text.ToString());
            text.Clear();
        }
    }

    private void WaitForImport(WaitLimit limit)
    {
        var (progress, message) = Wait(limit, progress => progress != Progress.Offered, $"{Peer} to import the references");
        if (progress == Progress.Failed)
            throw new PeerException(PeerFault.ImportFailed, Peer, $"could not import the references: {message}", "See what it says, there and here.");
        if (progress == Progress.Gone)
            throw new PeerException(PeerFault.ClosedEarly, Peer, "went before it imported the references", "See that the domain runs.");
    }

    private Seen Wait(WaitLimit limit, Predicate<Progress> isReached, string waitedFor)
    {
        using var store = XenStore.Open(limit);
        var isWatching = false;
        while (true)
        {
            var seen = Look(store);
            if (seen.Progress == Progress.Withdrawn)
                throw BufferException.LinkEnded(Peer);
            if (isReached(seen.Progress))
                return seen;
            if (!isWatching)
            {
                // After a first answer: the kernel of a guest waits for that of a watch without an end.
                store.TryWatch(_nodes.Release);
                store.TryWatch("@releaseDomain");
                isWatching = true;
            }

            store.WaitForEvent(seen.Progress == Progress.Imported && _notice is not null ? NoticeMilliseconds : LookMilliseconds, waitedFor);
        }
    }

    private Seen Look(XenStore store)
    {
        var seen = _final ?? LookAnew(store);
        if (IsOver(seen.Progress))
            Interlocked.CompareExchange(ref _final, seen, null);
        // Another thread may have seen the end meanwhile, and withdrawn the offer.
        return _final ?? seen;
    }

    private Seen LookAnew(XenStore store)
    {
        var owner = store.Read(_nodes.Owner);
        if (_disposed != 0 || owner is null)
            return new(Progress.Withdrawn);
        // Another process's offer has the name, which is free only once the peer is done.
        if (owner != _owner)
            return new(Progress.Released);
        if (store.Read(_nodes.Release) is not { } mark)
            return new(Progress.Withdrawn);
        if (MarkedEnd(mark) is { } end)
            return end;
        if (_peerIsSeen && !XenDomain.Exists(store, _nodes.Importer))
            return new(Progress.Gone);
        if (mark != StoreNodes.Imported)
            return new(Progress.Offered);
        return new(_notice is { IsGiven: true } ? Progress.Released : Progress.Imported);
    }

    /// <summary>The end that the peer's mark tells of, after which the name is free; null where it tells of none.</summary>
    private static Seen? MarkedEnd(string? mark) =>
        mark == StoreNodes.Released ? new(Progress.Released)
        : mark?.StartsWith(StoreNodes.Failed, StringComparison.Ordinal) ?? false ? new(Progress.Failed, StoreNodes.Printable(mark[StoreNodes.Failed.Length..]))
        : null;

    /// <summary>Removes what processes of this domain left that were killed, or could not remove.</summary>
    private static void Sweep(XenStore store, ushort own)
    {
        foreach (var peer in store.List(StoreNodes.Root(own)))
        {
            foreach (var name in XenDomain.TryParseId(peer, out var id) ? store.List($"{StoreNodes.Root(own)}/{peer}") : [])
            {
                var nodes = new StoreNodes(own, id, name);
                var owner = store.Read(nodes.Owner);
                if (!IsLive(owner))
                    Withdraw(store, nodes, owner);
            }
        }
    }

    /// <summary>Whether the process whose offer it is still has it: one of this process's own may have failed to go.</summary>
    private static bool IsLive(string? owner) => owner is not null
        && (owner.StartsWith($"{ProcessMark.Own} ", StringComparison.Ordinal) ? s_live.ContainsKey(owner) : ProcessMark.IsAlive(owner));

    private static void Withdraw(XenStore store, StoreNodes nodes, string? owner) => store.Transact(nodes.Node, () =>
    {
        if (store.Read(nodes.Owner) != owner)
            return;
        store.Remove(nodes.Node);
        var root = StoreNodes.Root(nodes.Exporter);
        RemoveIfEmpty(store, $"{root}/{nodes.Importer}");
        RemoveIfEmpty(store, root);
        // Every other domain got its data node from the toolstack, and could not make it again.
        if (nodes.Exporter == 0)
            RemoveIfEmpty(store, $"{XenDomain.Node(0)}/data");
    });

    private static void RemoveIfEmpty(XenStore store, string path)
    {
        if (store.List(path).Count == 0)
            store.Remove(path);
    }

    private sealed record Seen(Progress Progress, string Message = "");
}
