using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Sharing.Channels;

/// <summary>
/// A process's channels. One thread at a time serves them all: one that waits for a peer, or else their own, which
/// rests while nothing happens. Safe to use from several threads; nothing that can block runs under the lock.
/// </summary>
public sealed class ChannelTable : IDisposable
{
    private static long s_lastId;
    private readonly List<Channel> _channels = [];
    private readonly ChannelEvents _events;
    private readonly TimeProvider _clock;
    private long _lastEvent;
    private int _ends;
    private ChannelDispatcher? _dispatcher;

    /// <param name="shares">The buffers that can be published, and that imports are added to.</param>
    public ChannelTable(ShareTable shares)
        : this(shares, TimeProvider.System)
    {
    }

    /// <param name="shares">The buffers that can be published, and that imports are added to.</param>
    /// <param name="clock">Tells the thread of the channels how long nobody has served them.</param>
    internal ChannelTable(ShareTable shares, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(shares);
        Shares = shares;
        _clock = clock;
        Locks = new BufferLocks(this);
        _events = new ChannelEvents(this);
    }

    /// <summary>The lock of all channels, which is pulsed after each change.</summary>
    internal object Sync { get; } = new();

    /// <summary>The buffers.</summary>
    internal ShareTable Shares { get; }

    /// <summary>Who uses which buffer.</summary>
    internal BufferLocks Locks { get; }

    /// <summary>The channels that are open, for one who has the lock.</summary>
    internal List<Channel> OpenChannels => _channels;

    /// <summary>The channels that are open, oldest first.</summary>
    public IReadOnlyList<Channel> Channels
    {
        get
        {
            lock (Sync)
                return [.. _channels];
        }
    }

    /// <summary>Opens a channel over a stream: both sides introduce themselves.</summary>
    /// <param name="stream">The stream, which the channel takes over; on failure it is closed.</param>
    /// <param name="options">How.</param>
    /// <param name="limit">The time limit.</param>
    /// <exception cref="PeerException">
    /// Incompatible: the peer's version or domain; BadMessage: it does not speak the protocol; Stalled.
    /// </exception>
    /// <exception cref="ShareException">NoPages: no pages can cross between the two sides.</exception>
    /// <exception cref="KernelException">send, recv.</exception>
    /// <exception cref="WaitTimeoutException">The peer did not answer in time.</exception>
    public Channel Open(ByteStream stream, ChannelOptions options, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(limit);
        return Add(options, ChannelOpening.Open(stream, options, Shares, limit), null);
    }

    /// <summary>
    /// Opens a channel to a peer, which is waited for. A listener goes on to the next one after a peer that is no
    /// channel.
    /// </summary>
    /// <param name="target">The peer.</param>
    /// <param name="options">How.</param>
    /// <param name="limit">The time limit.</param>
    /// <exception cref="DomainException">Unknown, Own.</exception>
    /// <inheritdoc cref="Open"/>
    public Channel Connect(ChannelTarget target, ChannelOptions options, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(limit);
        using var peers = target.Open(NoListener.ListenOrWait, limit);
        var current = options with { Domain = target.FindDomain(limit) ?? options.Domain };
        var opened = ChannelOpening.Next(peers, current, Shares, limit, limit);
        return Add(options, opened, options.Reconnect ? target : null);
    }

    /// <summary>The live shares with an id, on any channel: two if both ends of it are in this process.</summary>
    public IReadOnlyList<ChannelShare> Find(ShareId id) =>
        [.. Channels.Select(channel => channel.Find(id)).OfType<ChannelShare>()];

    /// <summary>Takes the oldest event of some types from the channels, or waits for one.</summary>
    /// <param name="channels">
    /// The channels; null for all that are open or are opened during the wait, and the last events of those that ended.
    /// </param>
    /// <param name="wanted">The types; empty for all.</param>
    /// <param name="limit">The time limit.</param>
    /// <exception cref="WaitTimeoutException">There was none in time.</exception>
    /// <exception cref="ShareException">ChannelClosed: none of the channels can have another event.</exception>
    public ChannelEvent TakeEvent(
        IReadOnlyList<Channel>? channels, ReadOnlySpan<ChannelEventType> wanted, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        CheckCanWait();
        lock (Sync)
            return _events.Take(channels, BitsOf(wanted), limit);
    }

    /// <summary>Waits until a peer offers a share with a name.</summary>
    /// <param name="channels">The channels; null for all that are open or are opened during the wait.</param>
    /// <param name="name">The name.</param>
    /// <param name="limit">The time limit.</param>
    /// <returns>The newest share with that name.</returns>
    /// <exception cref="WaitTimeoutException">There was none in time.</exception>
    /// <exception cref="ShareException">ChannelClosed: none of the channels can have another share.</exception>
    public ImportedShare WaitForShare(IReadOnlyList<Channel>? channels, string name, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        CheckCanWait();
        lock (Sync)
        {
            while (true)
            {
                var all = channels ?? _channels;
                var named = all.SelectMany(channel => channel.Shares)
                    .OfType<ImportedShare>()
                    .Where(share => !share.IsUnpublished || share.UnpublishAt is not null)
                    .Where(share => share.Metadata.Name == name || share.Name == name)
                    .MaxBy(share => share.Created);
                if (named is not null)
                    return named;
                if (channels is not null && !all.Any(channel => channel.IsOpen))
                    throw NoneIsOpen();
                WaitForChange(limit, $"a peer to publish a share named '{name}'");
            }
        }
    }

    /// <summary>
    /// Takes a buffer for use: an imported one from its exporter, and one of this process from its peers, once nobody
    /// uses it in a way that excludes that.
    /// </summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="write">Whether others are excluded altogether, or only if they write.</param>
    /// <param name="limit">The time limit.</param>
    /// <exception cref="ShareException">BadState: this process has it; Unknown, ChannelClosed.</exception>
    /// <exception cref="WaitTimeoutException">It was not free in time.</exception>
    public void Lock(DmaBuffer buffer, bool write, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        ArgumentNullException.ThrowIfNull(limit);
        Locks.Lock(buffer, write, limit);
    }

    /// <summary>Lets others use a buffer again, which stays imported if it was.</summary>
    /// <exception cref="ShareException">BadState: this process does not use it; ChannelClosed.</exception>
    public void Unlock(DmaBuffer buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        Locks.Unlock(buffer);
    }

    /// <summary>Refuses to change content that a peer uses now.</summary>
    /// <exception cref="ShareException">InUse.</exception>
    public void CheckNotInUse(DmaBuffer buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        Locks.CheckNotInUse(buffer);
    }

    /// <summary>Closes the channels of some owners.</summary>
    public void CloseOwned(Predicate<object?> isOwner)
    {
        ArgumentNullException.ThrowIfNull(isOwner);
        foreach (var channel in Channels)
        {
            if (isOwner(channel.Owner))
                channel.Dispose();
        }
    }

    /// <summary>Closes all channels, and ends their thread.</summary>
    public void Dispose()
    {
        CloseOwned(_ => true);
        lock (Sync)
        {
            _dispatcher?.Dispose();
            _dispatcher = null;
        }
    }

    internal static long NextId() => Interlocked.Increment(ref s_lastId);

    internal static uint BitsOf(ReadOnlySpan<ChannelEventType> wanted)
    {
        var bits = 0u;
        foreach (var type in wanted)
            bits |= ChannelEventQueue.Bit(type);
        return bits == 0 ? uint.MaxValue : bits;
    }

    /// <summary>
    /// Sends what the channels have to send, and wakes all who wait for a change. Called under the lock, after each
    /// change.
    /// </summary>
    internal void Commit()
    {
        bool needsThread;
        int ends;
        do
        {
            // A connection that ends here can give a buffer to a share of another.
            ends = _ends;
            needsThread = false;
            for (var i = _channels.Count - 1; i >= 0; i--)
            {
                var connection = _channels[i].Connection;
                if (connection.OutputCount == 0 || !connection.IsOpen)
                    continue;
                connection.Flush();
                needsThread |= connection.OutputCount > 0;
            }
        }
        while (ends != _ends);

        if (_dispatcher is { } dispatcher && (needsThread || dispatcher.NeedsThread || dispatcher.HasServingWaiter))
            dispatcher.Wake();
        Monitor.PulseAll(Sync);
    }

    /// <summary>
    /// Waits for a change, as <see cref="WaitLimit.ForPulse"/>. Called under the lock, which is entered once.
    /// </summary>
    internal void WaitForChange(WaitLimit limit, string waitedFor)
    {
        if (_dispatcher?.TryServe(limit, waitedFor) != true)
            limit.ForPulse(Sync, waitedFor);
    }

    /// <summary>Whether this is the thread of the channels.</summary>
    internal bool IsDispatcherThread => _dispatcher?.IsCurrent ?? false;

    /// <summary>Refuses to wait for a peer on the thread that reads what peers send.</summary>
    /// <exception cref="ShareException">BadState.</exception>
    internal void CheckCanWait()
    {
        if (IsDispatcherThread)
        {
            throw new ShareException(ShareFault.BadState, "A subscriber of a channel's events cannot wait for a peer.",
                "Do that on another thread.");
        }
    }

    internal void WakeDispatcher() => _dispatcher?.Wake();

    /// <summary>The number of a new event. Called under the lock.</summary>
    internal long NextEvent() => ++_lastEvent;

    internal void Enqueue(ExportedShare share) => _dispatcher!.Enqueue(share);

    internal void Enqueue(IDisposable lease) => _dispatcher!.Enqueue(lease);

    internal void Notify(Channel channel, in ChannelEvent item) => _dispatcher!.Notify(channel, item);

    /// <summary>A channel has ended. Called under the lock.</summary>
    internal void OnEnded(Channel channel)
    {
        _channels.Remove(channel);
        _events.Keep(channel);
    }

    /// <summary>A connection has ended. Called under the lock.</summary>
    internal void OnDisconnected(ChannelConnection connection)
    {
        _ends++;
        _dispatcher!.QueueDispose(connection);
    }

    /// <summary>
    /// Whether a buffer's own fences allow what a share wants (poll(2) on the dma-buf). If not, the thread waits for
    /// them.
    /// </summary>
    internal bool AreFencesDone(ExportedShare share) => _dispatcher!.AreFencesDone(share);

    internal static ShareException NoneIsOpen() => new(ShareFault.ChannelClosed,
        "All given channels are closed.", "Connect again.");

    private Channel Add(ChannelOptions options, OpenedStream opened, ChannelTarget? target)
    {
        var channel = new Channel(this, options, opened, target);
        lock (Sync)
        {
            _dispatcher ??= new ChannelDispatcher(this, _clock);
            _channels.Add(channel);
            _dispatcher.Wake();
        }

        return channel;
    }
}
