using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Tracing;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Sharing.Channels;

/// <summary>
/// A connection to one peer over which both sides offer buffers to each other and keep each other informed. Safe to use
/// from several threads.
/// </summary>
public sealed class Channel : IChannelHost, IDisposable
{
    private const int MuchToSend = 256 << 10;
    private static readonly TimeSpan s_closeTime = TimeSpan.FromSeconds(2);
    private readonly ChannelTable _table;
    private readonly ChannelProtocol _protocol;
    private readonly ChannelEventQueue _events;
    private readonly PageExchange _pages;
    private readonly ShareImporter _importer;
    private ushort _counter;

    internal Channel(ChannelTable table, ByteStream stream, ChannelOptions options, PageExchange pages, Hello peer)
    {
        _table = table;
        _pages = pages;
        Owner = options.Owner;
        MaxShares = options.MaxShares;
        MaxEvents = options.MaxEvents;
        PeerMaxShares = (int)Math.Min(peer.MaxShares, int.MaxValue);
        PeerDomain = peer.Domain;
        Connection = new ChannelConnection(this, table, stream);
        _protocol = Connection.Protocol;
        _importer = new ShareImporter(this, table, pages);
        _events = new ChannelEventQueue(options.MaxEvents);
    }

    /// <summary>
    /// Raised for each event, one at a time, on the thread of the channels. A subscriber can therefore not wait for
    /// what a peer does.
    /// </summary>
    public event EventHandler<ChannelEventArgs>? EventReceived;

    /// <summary>A number that no other channel of this process has or had.</summary>
    public long Id { get; } = ChannelTable.NextId();

    /// <summary>The address and who is at the other end.</summary>
    public string Peer => Connection.Stream.Peer;

    /// <summary>The address.</summary>
    public Endpoint Address => Connection.Stream.Endpoint;

    /// <summary>This side's domain, or 0x7FF0 outside Xen.</summary>
    public ushort OwnDomain => _pages.OwnDomain;

    /// <summary>The peer's domain, or 0x7FF0 outside Xen.</summary>
    public ushort PeerDomain { get; }

    /// <summary>How many live shares of the peer this side takes.</summary>
    public int MaxShares { get; }

    /// <summary>How many live shares of this side the peer takes.</summary>
    public int PeerMaxShares { get; }

    /// <summary>How many events are kept until they are read.</summary>
    public int MaxEvents { get; }

    /// <summary>How many events nobody has read.</summary>
    public int PendingEvents => _events.Count;

    /// <summary>How many events were dropped because nobody read them.</summary>
    public long DroppedEvents => _events.Dropped;

    /// <summary>False once the channel has ended.</summary>
    public bool IsOpen => Connection.IsOpen;

    /// <summary>Why the channel ended.</summary>
    public ChannelEndReason EndReason => Connection.EndReason;

    /// <summary>The failure that ended the channel, or null.</summary>
    public string? EndText => Connection.EndText;

    /// <summary>How many buffers this side shares.</summary>
    public int ExportedCount => _protocol.Exported.All.Count;

    /// <summary>How many buffers the peer shares.</summary>
    public int ImportedCount => _protocol.Imported.All.Count;

    /// <summary>The owner.</summary>
    internal object? Owner { get; }

    /// <summary>The stream, and what goes over it.</summary>
    internal ChannelConnection Connection { get; }

    /// <summary>The live shares of both sides.</summary>
    public IReadOnlyList<ChannelShare> Shares
    {
        get
        {
            lock (_table.Sync)
                return [.. _protocol.Exported.All, .. _protocol.Imported.All];
        }
    }

    /// <summary>The share that a buffer is published as, or null.</summary>
    public ExportedShare? Find(DmaBuffer buffer)
    {
        lock (_table.Sync)
            return _protocol.Exported.Find(buffer);
    }

    /// <summary>The share with an id, or null.</summary>
    public ChannelShare? Find(ShareId id)
    {
        lock (_table.Sync)
            return (ChannelShare?)_protocol.Exported.Find(id) ?? _protocol.Imported.Find(id);
    }

    /// <summary>
    /// Offers a buffer to the peer. A buffer that is offered already keeps its id: its metadata is sent again, and it
    /// is not unpublished any more.
    /// </summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="metadata">What to say of it; null keeps what was said before.</param>
    /// <param name="limit">The time limit where the peer does not read.</param>
    /// <exception cref="ShareException">TooMany, BadMetadata, NoPages, ChannelClosed.</exception>
    /// <exception cref="BufferException">Removed; NotABuffer, OtherDomain, BadSize: its pages cannot cross.</exception>
    /// <exception cref="WaitTimeoutException">The peer did not read in time.</exception>
    public ExportedShare Publish(DmaBuffer buffer, ShareMetadata? metadata, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        ArgumentNullException.ThrowIfNull(limit);
        buffer.ThrowIfRemoved();
        metadata?.Check(buffer.Size);
        using var reports = KernelTrace.Hold();
        lock (_table.Sync)
        {
            WaitForRoom(limit);
            if (_protocol.Exported.Find(buffer) is { } existing)
            {
                _protocol.Exported.Update(existing, metadata ?? existing.Metadata);
                _table.Commit();
                return existing;
            }

            _pages.CheckCanShare(buffer);
            if (ExportedCount >= PeerMaxShares)
            {
                throw new ShareException(ShareFault.TooMany,
                    $"{Peer} takes no more than {PeerMaxShares} shares.",
                    "Unpublish others first, or have the peer open the channel with a larger limit.");
            }

            var share = new ExportedShare(
                this,
                ShareId.Create(OwnDomain, _counter++),
                buffer,
                buffer.Size,
                metadata ?? ShareMetadata.Empty,
                _table.Locks.AccessOf(buffer));
            // Under the lock, so that the share cannot end before it is attached. The buffer may have been removed.
            if (!_table.Shares.Attach(buffer, share))
                throw NotInTable(buffer);
            _protocol.Exported.Publish(share);
            _table.Commit();
            return share;
        }
    }

    /// <summary>
    /// Ends a share for new imports, at once or after a delay. It ends altogether, and its memory is free, once the
    /// peer does not have its pages any more.
    /// </summary>
    /// <exception cref="ShareException">Unknown: it has ended.</exception>
    public void Unpublish(ExportedShare share, TimeSpan delay = default)
    {
        ArgumentNullException.ThrowIfNull(share);
        using var reports = KernelTrace.Hold();
        lock (_table.Sync)
        {
            if (!share.IsValid)
                throw Ended(share);
            var milliseconds = (uint)Math.Clamp(delay.TotalMilliseconds, 0, uint.MaxValue);
            _protocol.Exported.Unpublish(share, milliseconds, Environment.TickCount64);
            Connection.UpdateDeadline();
            _table.Commit();
            _table.WakeDispatcher();
        }
    }

    /// <summary>
    /// Asks for a share's pages, waits for them and makes a buffer of them. The share is in use from then on.
    /// </summary>
    /// <param name="share">The share.</param>
    /// <param name="method">How references become a buffer.</param>
    /// <param name="limit">The time limit.</param>
    /// <param name="owner">The buffer's owner.</param>
    /// <param name="name">The buffer's name; null for the one that it has.</param>
    /// <exception cref="ShareException">
    /// BadState: it is imported; Unknown, Unpublished, ImportFailed, ChannelClosed.
    /// </exception>
    /// <exception cref="WaitTimeoutException">The exporter did not answer in time.</exception>
    /// <exception cref="DmaBufException">The pages could not be used; the exporter is told.</exception>
    public DmaBuffer Import(
        ImportedShare share, ImportMethod method, WaitLimit limit, object? owner = null, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(share);
        ArgumentNullException.ThrowIfNull(limit);
        return _importer.Import(share, method, limit, owner, name);
    }

    /// <summary>Asks to use an imported buffer again, and waits until the exporter allows it.</summary>
    /// <exception cref="ShareException">BadState, Unknown, ChannelClosed.</exception>
    /// <exception cref="WaitTimeoutException">The exporter did not allow it in time.</exception>
    public void Acquire(ImportedShare share, bool write, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(share);
        ArgumentNullException.ThrowIfNull(limit);
        _importer.Acquire(share, write, limit);
    }

    /// <summary>Ends a use of an imported buffer, whose pages stay.</summary>
    /// <exception cref="ShareException">BadState, ChannelClosed.</exception>
    public void Release(ImportedShare share)
    {
        ArgumentNullException.ThrowIfNull(share);
        using var reports = KernelTrace.Hold();
        lock (_table.Sync)
        {
            ThrowIfClosed();
            if (!share.IsValid)
                throw Ended(share);
            _protocol.Imported.Release(share);
            _table.Commit();
        }
    }

    /// <summary>
    /// Waits until the peer has used what was published last, and has stopped: it released the share, removed its
    /// buffer, or is gone.
    /// </summary>
    /// <exception cref="WaitTimeoutException">It was not done in time.</exception>
    public void WaitReleased(ExportedShare share, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(share);
        ArgumentNullException.ThrowIfNull(limit);
        _table.CheckCanWait();
        lock (_table.Sync)
        {
            try
            {
                while (share.IsValid
                    && !(share is { WasReleased: true, State: ShareState.Offered or ShareState.Released }))
                    limit.ForPulse(_table.Sync, $"{Peer} to release {share}");
            }
            catch (WaitTimeoutException e)
            {
                throw e.ForRelease();
            }
        }
    }

    /// <summary>Takes the oldest event of some types.</summary>
    /// <param name="wanted">The types; empty for all.</param>
    /// <param name="item">The event.</param>
    public bool TryTakeEvent(ReadOnlySpan<ChannelEventType> wanted, out ChannelEvent item)
    {
        lock (_table.Sync)
            return TryTakeEvent(ChannelTable.BitsOf(wanted), out item);
    }

    internal bool TryTakeEvent(uint wanted, out ChannelEvent item) => _events.TryTake(wanted, out item);

    /// <summary>The number of the oldest event of the wanted types, or null.</summary>
    internal long? NextEvent(uint wanted) => _events.Peek(wanted);

    /// <summary>
    /// Ends the channel and all shares on it, and tells the peer, which gets at most two seconds to read what it has
    /// not read yet.
    /// </summary>
    public void Dispose()
    {
        using var limit = new WaitLimit(s_closeTime);
        using var reports = KernelTrace.Hold();
        lock (_table.Sync)
        {
            Connection.SayBye();
            _table.Commit();
            try
            {
                while (Connection.OutputCount > 0 && IsOpen && !_table.IsDispatcherThread)
                    limit.ForPulse(_table.Sync, $"{Peer} to read");
            }
            catch (WaitTimeoutException)
            {
                // It then sees the end of the connection without a word.
            }

            Connection.Close();
            _table.Commit();
        }
    }

    /// <summary>The address and who is at the other end.</summary>
    public override string ToString() => $"channel {Id} to {Peer}";

    void IChannelHost.Raise(ChannelEventType type, ChannelShare? share, ChannelEndReason reason, string? text)
    {
        var shown = text is null ? null : VisibleText.Of(text);
        var item = new ChannelEvent(type, this, share, reason, shown, DateTimeOffset.Now)
        {
            Sequence = _table.NextEvent(),
        };
        _events.Add(item);
        if (EventReceived is not null)
            _table.Notify(this, item);
    }

    PageKinds IChannelHost.PageKind => _pages.Kind;

    void IChannelHost.SharePages(ExportedShare share) => _table.Enqueue(share);

    void IChannelHost.EndLease(IDisposable lease) => _table.Enqueue(lease);

    bool IChannelHost.AreFencesDone(ExportedShare share) => _table.AreFencesDone(share);

    void IChannelHost.OnGranted(ExportedShare share) => _protocol.Exported.Grant(share);

    void IChannelHost.OnEnded(ExportedShare share) => _table.Shares.Detach(share.Buffer!, share);

    void IChannelHost.OnBufferRemoved(ExportedShare share)
    {
        lock (_table.Sync)
        {
            if (share.IsValid)
                Unpublish(share);
        }
    }

    /// <summary>
    /// Shares the pages for an import that has access. Called without the lock, because it can take long.
    /// </summary>
    internal void SharePages(ExportedShare share)
    {
        lock (_table.Sync)
        {
            if (!ExportedShares.AwaitsPages(share))
                return;
        }

        PageExchange.Offer? offer = null;
        string? problem = null;
        try
        {
            offer = _pages.Share(share.Buffer!);
        }
        catch (DmaBufException e)
        {
            problem = e.Message;
        }

        lock (_table.Sync)
        {
            if (ExportedShares.AwaitsPages(share))
            {
                if (offer is null)
                    _protocol.Exported.RefusePages(share, problem!);
                else
                    _protocol.Exported.SendPages(share, offer.Lease, offer.Write(share));
                offer = null;
            }

            _table.Commit();
        }

        offer?.Dispose();
    }

    /// <summary>Continues an acquire whose fences are done.</summary>
    internal void Grant(ExportedShare share) => _protocol.Exported.Grant(share);

    internal void RaiseReceived(in ChannelEvent item) => EventReceived?.Invoke(this, new ChannelEventArgs(item));

    /// <summary>Waits until the peer has read most of what it was sent. Called under the lock.</summary>
    /// <exception cref="ShareException">ChannelClosed.</exception>
    internal void WaitForRoom(WaitLimit limit)
    {
        ThrowIfClosed();
        while (Connection.OutputCount > MuchToSend)
        {
            limit.ForPulse(_table.Sync, $"{Peer} to read");
            ThrowIfClosed();
        }
    }

    private void ThrowIfClosed()
    {
        if (!IsOpen)
            throw ChannelClosed();
    }

    internal ShareException ChannelClosed() => new(ShareFault.ChannelClosed,
        $"The {this} is closed{(EndText is { } text ? $": {text}" : ".")}", "Connect again.");

    internal static DmaBufException NotInTable(DmaBuffer buffer) => buffer.IsOpen
        ? new ShareException(ShareFault.BadState, $"{buffer} is not in the table of buffers.",
            "Add it to the table first.")
        : BufferException.Removed(buffer);

    internal static ShareException Ended(ChannelShare share) => new(ShareFault.Unknown,
        $"The {share} has ended.", "The exporter has to publish the buffer again, which gives it a new id.");
}
