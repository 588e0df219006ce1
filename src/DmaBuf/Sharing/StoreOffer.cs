using System.Collections.Concurrent;
using System.Globalization;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Waits;
using DmaBuf.Xen;

namespace DmaBuf.Sharing;

/// <summary>
/// References offered to one domain in xenstore, until it is done with them or the offer is disposed. No connection
/// stays open in the meantime. The end of this process withdraws the offer; if the process is killed, the domain's next
/// offer removes it.
/// </summary>
internal sealed class StoreOffer : IReleaseLink
{
    private const int LookMilliseconds = 1000;
    private const int NoticeMilliseconds = 100;
    private static readonly TimeSpan s_withdrawal = TimeSpan.FromSeconds(5);
    private static readonly ConcurrentDictionary<string, StoreOffer> s_live = new();
    private static long s_last;

    private StoreNodes _nodes;
    private readonly string _owner = string.Create(
        CultureInfo.InvariantCulture, $"{ProcessMark.Own} {Interlocked.Increment(ref s_last)}");
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
    public bool IsDone => _final is not null || _notice is { IsGiven: true };

    /// <summary>Offers references and waits until the peer has imported them.</summary>
    /// <exception cref="DomainException">Unknown.</exception>
    /// <exception cref="BufferException">OtherDomain: the references are not this domain's.</exception>
    /// <exception cref="XenStoreException">Refused: EACCES, ENOSPC where the quota is used up.</exception>
    /// <exception cref="PeerException">
    /// ImportFailed: the peer reports why. ClosedEarly: its domain was destroyed.
    /// </exception>
    /// <exception cref="WaitTimeoutException">The peer did not import in time.</exception>
    public static StoreOffer Send(
        string address, string name, GrantRefs grants, WaitLimit limit, Action? check = null)
    {
        ArgumentNullException.ThrowIfNull(grants);
        var offer = new StoreOffer(new StoreNodes(grants.Domain, grants.PeerDomain, name), address);
        try
        {
            using (var store = XenStore.Open(limit))
                offer.Write(store, grants, check);
            offer.WaitForImport(limit, check);
            return offer;
        }
        catch
        {
            offer.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="BufferException">LinkEnded: the offer was withdrawn in the meantime.</exception>
    public void WaitUntilDone(WaitLimit limit)
    {
        try
        {
            Wait(limit, IsOver, $"{Peer} to release the buffer");
        }
        catch (WaitTimeoutException e)
        {
            throw e.ForRelease();
        }
    }

    /// <summary>Withdraws the offer: removes its nodes and the parent nodes that are then empty.</summary>
    public void Dispose() => AtExit.End(this, Withdraw);

    private static bool IsOver(Progress progress) => progress is Progress.Released or Progress.Failed or Progress.Gone;

    private void Withdraw()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        s_live.TryRemove(_owner, out _);
        using var limit = new WaitLimit(s_withdrawal);
        try
        {
            using var store = XenStore.Open(limit);
            _nodes.Withdraw(store, _owner);
        }
        catch (DmaBufException)
        {
            // xenstore is gone, and the nodes with it, or it was busy: then this domain's next offer removes them.
        }

        _notice?.Dispose();
    }

    private void Write(XenStore store, GrantRefs grants, Action? check)
    {
        var own = XenDomain.OwnId(store);
        if (own != grants.Domain)
        {
            throw new BufferException(
                BufferFault.OtherDomain,
                $"{grants} were not granted by this domain, which is {own}.",
                "Send them from the domain that exported them.");
        }

        _peerIsSeen = XenDomain.Exists(store, grants.PeerDomain);
        if (own == 0 && !_peerIsSeen)
            throw XenDomain.NotThere($"{grants.PeerDomain}");
        Sweep(store, own);
        AtExit.Add(this);
        s_live[_owner] = this;
        Take(store);
        store.Write(_nodes.Size, grants.Size.ToString(CultureInfo.InvariantCulture));
        if (grants.Directory is { } directory)
            store.Write(_nodes.Directory, directory.ToString(CultureInfo.InvariantCulture));
        else
            _nodes.WriteRefs(store, grants.Refs);
        store.Write(_nodes.Release, "");
        store.SetPermissions(_nodes.Release, _nodes.Exporter, _nodes.Importer, peerMayWrite: true);
        _notice = ReleaseNotice.TryCreate(_nodes.Exporter, _nodes.Importer);
        if (_notice is not null)
            store.Write(_nodes.Notify, _notice.Ref.ToString(CultureInfo.InvariantCulture));
        check?.Invoke();
        store.Write(_nodes.State, StoreNodes.Ready);
    }

    /// <summary>
    /// Makes the node after those of the same name, closed to all but the peer before it has any content, because
    /// everything below it inherits the permissions.
    /// </summary>
    private void Take(XenStore store) => store.Transact(_nodes.Queue, () =>
    {
        _nodes = _nodes with { Number = 1 + _nodes.All(store).Select(offer => offer.Number).LastOrDefault() };
        foreach (var node in new[] { _nodes.Queue, _nodes.Node })
        {
            store.MakeNode(node);
            store.SetPermissions(node, _nodes.Exporter, _nodes.Importer, peerMayWrite: false);
        }

        store.Write(_nodes.Owner, _owner);
    });

    private void WaitForImport(WaitLimit limit, Action? check)
    {
        var (progress, message) = Wait(limit, IsAnswered, $"{Peer} to import the references");
        if (progress == Progress.Failed)
        {
            throw new PeerException(
                PeerFault.ImportFailed, Peer, $"could not import the references: {message}", "Its message says why.");
        }

        if (progress == Progress.Gone)
        {
            throw new PeerException(
                PeerFault.ClosedEarly,
                Peer,
                "disappeared before it imported the references",
                "Check that the domain is running.");
        }

        bool IsAnswered(Progress seen)
        {
            if (seen is Progress.Offered or Progress.Imported)
                check?.Invoke();
            return seen != Progress.Offered;
        }
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
                // After a first answer: a guest's kernel waits without limit for the answer to a watch.
                store.TryWatch(_nodes.Release);
                store.TryWatch("@releaseDomain");
                isWatching = true;
            }

            var noticed = seen.Progress == Progress.Imported && _notice is not null;
            store.WaitForEvent(noticed ? NoticeMilliseconds : LookMilliseconds, waitedFor);
        }
    }

    private Seen Look(XenStore store)
    {
        var seen = _final ?? LookAnew(store);
        if (IsOver(seen.Progress))
            Interlocked.CompareExchange(ref _final, seen, null);
        // Another thread may have seen the end in the meantime, and withdrawn the offer.
        return _final ?? seen;
    }

    private Seen LookAnew(XenStore store)
    {
        if (_disposed != 0 || store.Read(_nodes.Owner) != _owner)
            return new(Progress.Withdrawn);
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

    /// <summary>The end that the peer's mark reports; null where it reports none.</summary>
    private static Seen? MarkedEnd(string? mark) =>
        mark == StoreNodes.Released
            ? new(Progress.Released)
            : mark?.StartsWith(StoreNodes.Failed, StringComparison.Ordinal) ?? false
                ? new(Progress.Failed, StoreNodes.Printable(mark[StoreNodes.Failed.Length..]))
                : null;

    /// <summary>
    /// Removes what processes of this domain left behind because they were killed or could not remove it, and this
    /// process's offers whose peers are done. Their waits learn of that first.
    /// </summary>
    private static void Sweep(XenStore store, ushort own)
    {
        var all =
            from peer in store.List(StoreNodes.Root(own))
            let id = XenDomain.TryParseId(peer, out var parsed) ? parsed : (ushort?)null
            where id is not null
            from name in store.List($"{StoreNodes.Root(own)}/{peer}")
            from nodes in new StoreNodes(own, id.Value, name).All(store)
            select nodes;
        foreach (var nodes in all.ToList())
        {
            var owner = store.Read(nodes.Owner);
            if (owner is not null && s_live.TryGetValue(owner, out var live))
            {
                if (MarkedEnd(store.Read(nodes.Release)) is not { } end)
                    continue;
                Interlocked.CompareExchange(ref live._final, end, null);
            }
            else if (IsOfAnother(owner))
            {
                continue;
            }

            nodes.Withdraw(store, owner);
        }
    }

    /// <summary>
    /// Whether another process still has the offer. An offer of this process that is not live could not be removed
    /// before.
    /// </summary>
    private static bool IsOfAnother(string? owner) =>
        owner is not null
        && !owner.StartsWith($"{ProcessMark.Own} ", StringComparison.Ordinal)
        && ProcessMark.IsAlive(owner);

    private sealed record Seen(Progress Progress, string Message = "");
}
