using System.Runtime.CompilerServices;
using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Transport;
using DmaBuf.Waits;
using DmaBuf.Xen;

namespace DmaBuf.Sharing.Channels;

/// <summary>
/// A process's channels. One thread serves them all, and rests while nothing happens. Safe to use from several threads;
/// nothing that can block runs under its lock.
/// </summary>
public sealed class ChannelTable : IDisposable
{
    private static readonly TimeSpan s_helloTime = TimeSpan.FromSeconds(30);
    private static long s_lastId;
    private const int MostEnded = 16;
    private readonly List<Channel> _channels = [];
    private readonly List<Channel> _ended = [];
    private readonly ConditionalWeakTable<DmaBuffer, AccessLock> _access = [];
    private readonly Dictionary<DmaBuffer, LocalAccess> _local = [];
    private ChannelDispatcher? _dispatcher;

    /// <param name="shares">The buffers that can be published, and that imports are added to.</param>
    public ChannelTable(ShareTable shares)
    {
        ArgumentNullException.ThrowIfNull(shares);
        Shares = shares;
    }

    /// <summary>The lock of all channels, which is pulsed after each change.</summary>
    internal object Sync { get; } = new();

    /// <summary>The buffers.</summary>
    internal ShareTable Shares { get; }

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
        try
        {
            using var part = limit.AtMost(s_helloTime);
            var pages = PageExchange.Of(stream, OwnDomain(part), options.Domain, Shares);
            var peer = Handshake.Run(stream, pages, options, part);
            var channel = new Channel(this, stream, options, pages, peer);
            lock (Sync)
            {
                _channels.Add(channel);
                (_dispatcher ??= new ChannelDispatcher(this)).Wake();
            }

            return channel;
        }
        catch
        {
            stream.Dispose();
            throw;
        }
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
        var bits = BitsOf(wanted);
        lock (Sync)
        {
            while (true)
            {
                if (TryTakeEvent(channels ?? _channels, bits, out var isOpen, out var item)
                    || (channels is null && TryTakeEvent(_ended, bits, out _, out item)))
                    return item;
                _ended.RemoveAll(channel => channel.PendingEvents == 0);
                if (channels is not null && !isOpen)
                    throw NoneIsOpen();

                limit.ForPulse(Sync, "an event on a channel");
            }
        }
    }

    private static bool TryTakeEvent(
        IReadOnlyList<Channel> channels, uint bits, out bool isOpen, out ChannelEvent item)
    {
        isOpen = false;
        for (var i = 0; i < channels.Count; i++)
        {
            if (channels[i].TryTakeEvent(bits, out item))
                return true;
            isOpen |= channels[i].IsOpen;
        }

        item = default;
        return false;
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
        lock (Sync)
        {
            while (true)
            {
                var all = channels ?? _channels;
                var named = all.SelectMany(channel => channel.Shares)
                    .OfType<ImportedShare>()
                    .LastOrDefault(share => share.Metadata.Name == name || share.Name == name);
                if (named is not null)
                    return named;
                if (channels is not null && !all.Any(channel => channel.IsOpen))
                    throw NoneIsOpen();
                limit.ForPulse(Sync, $"a peer to publish a share named '{name}'");
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
        buffer.ThrowIfRemoved();
        if (ImportOf(buffer) is { } imported)
        {
            imported.Channel.Acquire(imported, write, limit);
            return;
        }

        lock (Sync)
        {
            if (_local.ContainsKey(buffer))
            {
                throw new ShareException(ShareFault.BadState, $"This process has locked {buffer} already.",
                    "Unlock it first.");
            }

            var access = AccessOf(buffer);
            var local = new LocalAccess(this, buffer);
            _local.Add(buffer, local);
            try
            {
                local.IsGranted = access.Request(local, write);
                while (!local.IsGranted)
                    limit.ForPulse(Sync, $"the peers to release {buffer}");
            }
            catch (Exception e)
            {
                _local.Remove(buffer);
                access.Release(local);
                Commit();
                if (e is WaitTimeoutException late)
                    throw late.ForRelease();
                throw;
            }

            if (!Shares.Attach(buffer, local))
            {
                Unlock(buffer);
                buffer.ThrowIfRemoved();
            }
        }
    }

    /// <summary>Lets others use a buffer again, which stays imported if it was.</summary>
    /// <exception cref="ShareException">BadState: this process does not use it; ChannelClosed.</exception>
    public void Unlock(DmaBuffer buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        if (ImportOf(buffer) is { } imported)
        {
            imported.Channel.Release(imported);
            return;
        }

        lock (Sync)
        {
            if (!_local.Remove(buffer, out var local))
            {
                throw new ShareException(ShareFault.BadState, $"This process has not locked {buffer}.",
                    "Lock it first.");
            }

            Shares.Detach(buffer, local);
            AccessOf(buffer).Release(local);
            Commit();
        }
    }

    /// <summary>Refuses to change content that a peer uses now.</summary>
    /// <exception cref="ShareException">InUse.</exception>
    public void CheckNotInUse(DmaBuffer buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        lock (Sync)
        {
            if (_access.TryGetValue(buffer, out var access)
                && access.Holders.OfType<ExportedShare>().FirstOrDefault() is { } user)
            {
                throw new ShareException(ShareFault.InUse, $"{user.Channel.Peer} uses {buffer} now ({user}).",
                    "Lock the buffer first, which waits until the peer releases it.");
            }
        }
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

    /// <summary>Who uses a buffer. Called under the lock.</summary>
    internal AccessLock AccessOf(DmaBuffer buffer) => _access.GetOrAdd(buffer, _ => new AccessLock());

    /// <summary>
    /// Sends what the channels have to send, and wakes all who wait for a change. Called under the lock, after each
    /// change.
    /// </summary>
    internal void Commit()
    {
        var needsThread = false;
        for (var i = _channels.Count - 1; i >= 0; i--)
        {
            var connection = _channels[i].Connection;
            if (connection.OutputCount == 0)
                continue;
            connection.Flush();
            needsThread |= connection.OutputCount > 0;
        }

        if (needsThread || (_dispatcher?.NeedsThread ?? false))
            _dispatcher?.Wake();
        Monitor.PulseAll(Sync);
    }

    /// <summary>Ends a lock with its buffer.</summary>
    internal void Unlock(LocalAccess local)
    {
        lock (Sync)
        {
            if (_local.GetValueOrDefault(local.Buffer) == local)
                Unlock(local.Buffer);
        }
    }

    internal void Later(ExportedShare share) => _dispatcher!.Later(share);

    internal void Later(IDisposable lease) => _dispatcher!.Later(lease);

    internal void Notify(Channel channel, in ChannelEvent item) => _dispatcher!.Notify(channel, item);

    /// <summary>A channel has ended. Called under the lock.</summary>
    internal void OnEnded(Channel channel)
    {
        _channels.Remove(channel);
        // Its last events can still be read, but not for ever where nobody does.
        _ended.Add(channel);
        if (_ended.Count > MostEnded)
            _ended.RemoveAt(0);
        _dispatcher!.Free(channel);
    }

    /// <summary>
    /// Whether a buffer's own fences allow what a share wants (poll(2) on the dma-buf). If not, the thread waits for
    /// them.
    /// </summary>
    internal bool AreFencesDone(ExportedShare share) => _dispatcher!.AreFencesDone(share);

    private static ShareException NoneIsOpen() => new(ShareFault.ChannelClosed,
        "The channel is closed, and nothing of it is left to read.", "Connect again.");

    /// <summary>The share that a buffer was imported from, or null.</summary>
    private ImportedShare? ImportOf(DmaBuffer buffer) => Channels
        .SelectMany(channel => channel.Shares)
        .OfType<ImportedShare>()
        .FirstOrDefault(share => share.Imported == buffer);

    private static ushort OwnDomain(WaitLimit limit)
    {
        try
        {
            using var store = XenStore.Open(limit);
            return XenDomain.OwnId(store);
        }
        catch (DmaBufException e) when (e is XenStoreException or KernelException)
        {
            // Not a Xen domain, or one whose xenstore this user may not read.
            return ShareId.NoDomain;
        }
    }
}
