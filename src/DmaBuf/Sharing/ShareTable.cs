using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Guests;
using DmaBuf.Waits;

namespace DmaBuf.Sharing;

/// <summary>
/// A process's open buffers and what it shares of them with other processes and domains. The table owns both until they
/// are removed or revoked. Safe to use from several threads; nothing that can block runs under the lock.
/// </summary>
/// <remarks>
/// An owner is any object that identifies whom a buffer belongs to, such as a runspace's id. An owner's buffers can be
/// removed together.
/// </remarks>
public sealed class ShareTable : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<long, Entry> _buffers = [];
    private readonly Dictionary<Guid, Share> _shared = [];

    /// <summary>The open buffers, oldest first.</summary>
    public IReadOnlyList<DmaBuffer> Buffers
    {
        get
        {
            Sweep();
            lock (_lock)
            {
                var open = _buffers.Values.Select(entry => entry.Buffer).Where(buffer => buffer.IsOpen);
                return [.. open.OrderBy(buffer => buffer.Id)];
            }
        }
    }

    /// <summary>The references that are granted, oldest first.</summary>
    public IReadOnlyList<GrantRefs> Grants
    {
        get
        {
            Sweep();
            lock (_lock)
                return [.. OldestFirst().Select(share => share.Pages).OfType<GrantRefs>()];
        }
    }

    /// <summary>The references that are granted of a buffer, oldest first.</summary>
    /// <exception cref="BufferException">Removed; NoLease: there are none.</exception>
    public IReadOnlyList<GrantRefs> GrantsOf(DmaBuffer buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        buffer.ThrowIfRemoved();
        var shares = SharesOf(buffer).Select(share => share.Pages).OfType<GrantRefs>().ToList();
        return shares.Count > 0 ? shares : throw GrantExport.NoLease(buffer);
    }

    /// <summary>The pages that are shared with this guest's host, oldest first.</summary>
    public IReadOnlyList<GuestPages> GuestPages
    {
        get
        {
            Sweep();
            lock (_lock)
                return [.. OldestFirst().Select(share => share.Pages).OfType<GuestPages>()];
        }
    }

    /// <summary>Adds a buffer, which the table then owns.</summary>
    public DmaBuffer Add(DmaBuffer buffer, object? owner = null)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        lock (_lock)
            _buffers[buffer.Id] = new Entry(buffer, owner);
        return buffer;
    }

    /// <summary>
    /// Allocates pages that are granted to a domain from the start, and adds the buffer. Errors: as
    /// <see cref="GrantAllocator.Allocate"/>.
    /// </summary>
    public DmaBuffer AddGrantPages(
        long size, ushort own, ushort peer, object? owner = null, string? name = null)
    {
        var buffer = Add(GrantAllocator.Allocate(size, own, peer, name), owner);
        Add(new Share(buffer, buffer.Shared, owner, [buffer]));
        return buffer;
    }

    /// <summary>
    /// Grants a buffer's pages to a domain. Pages that were granted to that domain when they were allocated keep that
    /// share. Errors: as <see cref="GrantExport.Create"/>, and with a directory as <see cref="GrantDirectory.Create"/>.
    /// </summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="own">This domain's id.</param>
    /// <param name="peer">The domain that may map the pages.</param>
    /// <param name="directory">Whether to add one reference for the whole buffer.</param>
    /// <param name="owner">The share's owner.</param>
    public GrantRefs Export(DmaBuffer buffer, ushort own, ushort peer, bool directory = false, object? owner = null)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        buffer.ThrowIfRemoved();
        var share = GrantRefs.Of(buffer) is { } made && made.Domain == own && made.PeerDomain == peer
            ? Find(made)
            : null;
        if (share is null)
        {
            var export = GrantExport.Create(buffer, own, peer);
            share = AddToOpen(new Share(buffer, export.Grants, owner, [export]));
        }

        var grants = (GrantRefs)share.Pages!;
        if (!directory || grants.Directory is not null)
            return grants;
        try
        {
            var (pages, listed) = GrantDirectory.Create(grants);
            return share.TryExtend(listed, pages) ? listed : throw GrantExport.NoLease(grants);
        }
        catch when (GrantRefs.Of(buffer) is null)
        {
            End(share);
            throw;
        }
    }

    /// <summary>
    /// Pins a buffer's pages and finds out which frames of this guest they are, for its host. Errors: as
    /// <see cref="GuestPagesExport.Create"/>.
    /// </summary>
    public GuestPages ExportGuestPages(DmaBuffer buffer, object? owner = null)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        var export = GuestPagesExport.Create(buffer);
        AddToOpen(new Share(buffer, export.Pages, owner, [export]));
        return export.Pages;
    }

    /// <summary>
    /// Sends a buffer's descriptor to the next peer. The table keeps the link, unless <paramref name="wait"/> is set:
    /// then, where the carrier listens, another peer follows one that did not read everything.
    /// </summary>
    /// <param name="carrier">The way to the peers.</param>
    /// <param name="buffer">The buffer.</param>
    /// <param name="wait">Whether to wait until the peer is done.</param>
    /// <param name="limit">The time limit of the whole operation.</param>
    /// <param name="sent">Called with each peer that the buffer or the references were sent to.</param>
    /// <exception cref="PeerException">NotRead.</exception>
    /// <exception cref="BufferException">
    /// LinkEnded: the buffer was removed in the meantime. Those of <see cref="Carrier"/>.
    /// </exception>
    public void Send(Carrier carrier, DmaBuffer buffer, bool wait, WaitLimit limit, Action<string>? sent = null)
    {
        ArgumentNullException.ThrowIfNull(carrier);
        ArgumentNullException.ThrowIfNull(buffer);
        buffer.ThrowIfRemoved();
        HandOver.Run(carrier, () => carrier.Send(buffer, limit), DescriptorOf(buffer)?.Links, wait, limit, sent);
    }

    /// <summary>
    /// Sends references, or a guest's pages, to the next peer. The table keeps the link if they are its own.
    /// </summary>
    /// <inheritdoc cref="Send(Carrier, DmaBuffer, bool, WaitLimit, Action{string})"/>
    public void Send(Carrier carrier, SharedPages pages, bool wait, WaitLimit limit, Action<string>? sent = null)
    {
        ArgumentNullException.ThrowIfNull(carrier);
        ArgumentNullException.ThrowIfNull(pages);
        var share = Find(pages);
        HandOver.Run(carrier, () => carrier.Send(pages, limit, CheckIsShared), share?.Links, wait, limit, sent);

        // What was revoked during the wait for a peer may stand for other pages by now.
        void CheckIsShared()
        {
            if (share is { IsEnded: true })
                throw GrantExport.NoLease(pages);
        }
    }

    /// <summary>
    /// Waits until every peer that received a buffer is done with it. For a dma-buf made from another domain's
    /// references, waits until nobody holds it, and then removes it.
    /// </summary>
    /// <exception cref="BufferException">Removed, NoPeer, CannotWait, LinkEnded.</exception>
    /// <exception cref="WaitTimeoutException">A peer was not done in time.</exception>
    public void WaitReleased(DmaBuffer buffer, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        if (buffer.TellsRelease)
        {
            buffer.WaitReleased(limit);
            Remove(buffer);
            return;
        }

        buffer.ThrowIfRemoved();
        var given = SharesOf(buffer).Where(share => share.Links.WasGiven).ToList();
        // A buffer that came from a peer has an exporter to report to, and no peer that could report to this session.
        if (given.Count == 0 && buffer.Origin is BufferOrigin.GrantMapping or BufferOrigin.Received)
            buffer.WaitReleased(limit);
        if (!given.ConvertAll(share => share.Links.Wait(limit)).Contains(true))
            throw GrantExport.NoPeer(buffer);
    }

    /// <summary>Waits until every peer that received references is done with them.</summary>
    /// <exception cref="BufferException">NoLease, NoPeer, LinkEnded.</exception>
    /// <exception cref="WaitTimeoutException">A peer was not done in time.</exception>
    public void WaitReleased(SharedPages pages, WaitLimit limit)
    {
        var share = Find(pages) ?? throw GrantExport.NoLease(pages);
        if (!share.Links.WasGiven || !share.Links.Wait(limit))
            throw GrantExport.NoPeer(pages);
    }

    /// <summary>Closes a buffer and ends its shares. Idempotent.</summary>
    public void Remove(DmaBuffer buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        EndShares(buffer);
        buffer.Dispose();
        // Those that other threads have added in the meantime.
        EndShares(buffer);
    }

    /// <summary>Ends the share of references.</summary>
    /// <exception cref="BufferException">NoLease: there is no such share.</exception>
    public void Revoke(SharedPages pages) => End(Find(pages) ?? throw GrantExport.NoLease(pages));

    /// <summary>Removes the buffers of some owners, and ends their shares of other owners' buffers.</summary>
    public void RemoveOwned(Predicate<object?> isOwner)
    {
        ArgumentNullException.ThrowIfNull(isOwner);
        List<DmaBuffer> buffers;
        List<Share> shares;
        lock (_lock)
        {
            buffers = [.. _buffers.Values.Where(entry => isOwner(entry.Owner)).Select(entry => entry.Buffer)];
            shares = [.. _shared.Values.Where(share => isOwner(share.Owner))];
        }

        shares.ForEach(End);
        buffers.ForEach(Remove);
    }

    /// <summary>Removes all buffers.</summary>
    public void Dispose()
    {
        List<DmaBuffer> buffers;
        lock (_lock)
            buffers = [.. _buffers.Values.Select(entry => entry.Buffer)];
        buffers.ForEach(Remove);
    }

    /// <summary>Adds the share of a buffer that another thread may have removed in the meantime.</summary>
    /// <exception cref="BufferException">Removed.</exception>
    private Share AddToOpen(Share share)
    {
        Add(share);
        if (!share.Buffer.IsOpen)
        {
            End(share);
            share.Buffer.ThrowIfRemoved();
        }

        return share;
    }

    private Share Add(Share share)
    {
        lock (_lock)
            _shared[share.Pages!.ShareId!.Value] = share;
        return share;
    }

    /// <summary>
    /// Found by id, because references that were stored or sent are different objects when they come back.
    /// </summary>
    private Share? Find(SharedPages pages)
    {
        ArgumentNullException.ThrowIfNull(pages);
        lock (_lock)
        {
            return pages.ShareId is { } id && _shared.TryGetValue(id, out var share) && share.Buffer.IsOpen
                ? share
                : null;
        }
    }

    private Share? DescriptorOf(DmaBuffer buffer)
    {
        lock (_lock)
            return _buffers.GetValueOrDefault(buffer.Id)?.Descriptor;
    }

    private IOrderedEnumerable<Share> OldestFirst() => _shared.Values.OrderBy(share => share.Number);

    private List<Share> SharesOf(DmaBuffer buffer)
    {
        lock (_lock)
        {
            var shares = OldestFirst().Where(share => share.Buffer == buffer);
            return [.. _buffers.TryGetValue(buffer.Id, out var entry) ? shares.Append(entry.Descriptor) : shares];
        }
    }

    private void EndShares(DmaBuffer buffer)
    {
        List<IDisposable> ending;
        lock (_lock)
        {
            var shares = SharesOf(buffer);
            ending = [.. _buffers.Remove(buffer.Id, out var entry) ? entry.Attached : [], .. shares];
            shares.ForEach(Forget);
        }

        ending.ForEach(share => share.Dispose());
    }

    private void End(Share share)
    {
        lock (_lock)
            Forget(share);
        share.Dispose();
    }

    private void Forget(Share share)
    {
        if (share.Pages?.ShareId is { } id)
            _shared.Remove(id);
    }

    /// <summary>Removes the buffers that their users have disposed.</summary>
    private void Sweep()
    {
        List<DmaBuffer> all;
        lock (_lock)
        {
            all = [.. _buffers.Values.Select(entry => entry.Buffer), .. _shared.Values.Select(share => share.Buffer)];
        }

        all.Where(buffer => !buffer.IsHeld).ToList().ForEach(Remove);
    }

    /// <summary>Lets something end with a buffer.</summary>
    /// <returns>False if the buffer has been removed, or is not in the table.</returns>
    internal bool Attach(DmaBuffer buffer, IDisposable attached)
    {
        lock (_lock)
        {
            if (!buffer.IsOpen || !_buffers.TryGetValue(buffer.Id, out var entry))
                return false;
            entry.Attached.Add(attached);
            return true;
        }
    }

    /// <summary>Undoes <see cref="Attach"/>.</summary>
    internal void Detach(DmaBuffer buffer, IDisposable attached)
    {
        lock (_lock)
        {
            if (_buffers.TryGetValue(buffer.Id, out var entry))
                entry.Attached.Remove(attached);
        }
    }

    private sealed class Entry(DmaBuffer buffer, object? owner)
    {
        public DmaBuffer Buffer => buffer;

        public object? Owner => owner;

        public Share Descriptor { get; } = new(buffer, null, owner, []);

        public List<IDisposable> Attached { get; } = [];
    }
}
