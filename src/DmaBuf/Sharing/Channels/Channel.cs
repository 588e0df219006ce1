using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Tracing;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Sharing.Channels;

/// <summary>
/// A lasting connection to one peer over which both sides offer buffers to each other and keep each other informed.
/// Safe to use from several threads.
/// </summary>
public sealed class Channel : IDisposable
{
    private const int MuchToSend = 256 << 10;
    private static readonly TimeSpan s_closeTime = TimeSpan.FromSeconds(2);
    private readonly ChannelTable _table;
    private readonly ChannelEventQueue _events;
    private readonly ChannelReconnector? _reconnector;
    private bool _isClosing;

    /// <param name="table">The table of the process's channels.</param>
    /// <param name="options">How it is opened.</param>
    /// <param name="opened">The stream.</param>
    /// <param name="target">Where to connect again; null if the channel ends with its connection.</param>
    internal Channel(ChannelTable table, ChannelOptions options, OpenedStream opened, ChannelTarget? target)
    {
        _table = table;
        Owner = options.Owner;
        MaxShares = options.MaxShares;
        MaxEvents = options.MaxEvents;
        _events = new ChannelEventQueue(options.MaxEvents);
        _reconnector = target is null ? null : new ChannelReconnector(this, table, target, options);
        Connection = new ChannelConnection(this, table, opened);
    }

    /// <summary>
    /// Raised for each event, one at a time, on the thread of the channels. A subscriber can therefore not wait for
    /// what a peer does.
    /// </summary>
    public event EventHandler<ChannelEventArgs>? EventReceived;

    /// <summary>A number that no other channel of this process has or had.</summary>
    public long Id { get; } = ChannelTable.NextId();

    /// <summary>The address and who is at the other end, or was when there was a connection.</summary>
    public string Peer => Connection.Peer;

    /// <summary>The address.</summary>
    public Endpoint Address => Connection.Stream.Endpoint;

    /// <summary>Whether the channel has a peer.</summary>
    public ChannelState State { get; private set; }

    /// <summary>False once the channel has ended; true while it connects again.</summary>
    public bool IsOpen => State != ChannelState.Closed;

    /// <summary>Whether the channel connects again when its connection ends.</summary>
    public bool Reconnects => _reconnector is not null;

    /// <summary>Why the channel ended, or why it has no connection now.</summary>
    public ChannelEndReason EndReason { get; private set; }

    /// <summary>The failure that ended the channel or its last attempt to connect again, or null.</summary>
    public string? EndText { get; private set; }

    /// <summary>This side's domain, or 0x7FF0 outside Xen.</summary>
    public ushort OwnDomain => Connection.OwnDomain;

    /// <summary>The peer's domain, or 0x7FF0 outside Xen.</summary>
    public ushort PeerDomain => Connection.PeerDomain;

    /// <summary>How many live shares of the peer this side takes.</summary>
    public int MaxShares { get; }

    /// <summary>How many live shares of this side the peer takes.</summary>
    public int PeerMaxShares => Connection.PeerMaxShares;

    /// <summary>How many events are kept until they are read.</summary>
    public int MaxEvents { get; }

    /// <summary>How many events nobody has read.</summary>
    public int PendingEvents => _events.Count;

    /// <summary>How many events were dropped because nobody read them.</summary>
    public long DroppedEvents => _events.Dropped;

    /// <summary>How many buffers this side shares.</summary>
    public int ExportedCount => Connection.Protocol.Exported.All.Count;

    /// <summary>How many buffers the peer shares.</summary>
    public int ImportedCount => Connection.Protocol.Imported.All.Count;

    /// <summary>The owner.</summary>
    internal object? Owner { get; }

    /// <summary>The connection, or the last one.</summary>
    internal ChannelConnection Connection { get; private set; }

    /// <summary>The live shares of both sides.</summary>
    public IReadOnlyList<ChannelShare> Shares
    {
        get
        {
            lock (_table.Sync)
                return [.. Connection.Protocol.Exported.All, .. Connection.Protocol.Imported.All];
        }
    }

    /// <summary>The share that a buffer is published as, or null.</summary>
    public ExportedShare? Find(DmaBuffer buffer)
    {
        lock (_table.Sync)
            return Connection.Protocol.Exported.Find(buffer);
    }

    /// <summary>The share with an id, or null.</summary>
    public ChannelShare? Find(ShareId id)
    {
        lock (_table.Sync)
        {
            var protocol = Connection.Protocol;
            return (ChannelShare?)protocol.Exported.Find(id) ?? protocol.Imported.Find(id);
        }
    }

    /// <summary>
    /// Offers a buffer to the peer. A buffer that is offered already keeps its id: its metadata is sent again, and it
    /// is not unpublished any more. While the channel connects again, this waits.
    /// </summary>
    /// <param name="buffer">The buffer.</param>
    /// <param name="metadata">What to say of it; null keeps what was said before.</param>
    /// <param name="limit">The time limit where the peer does not read, or is not there.</param>
    /// <exception cref="ShareException">TooMany, BadMetadata, NoPages, ChannelClosed.</exception>
    /// <exception cref="BufferException">Removed; NotABuffer, OtherDomain, BadSize: its pages cannot cross.</exception>
    /// <exception cref="WaitTimeoutException">The peer did not read in time, or did not come back.</exception>
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
            var share = Connection.Exporter.Publish(buffer, metadata);
            _table.Commit();
            return share;
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
        using (KernelTrace.Hold())
        {
            lock (_table.Sync)
            {
                _isClosing = true;
                if (State == ChannelState.Reconnecting)
                    End(ChannelEndReason.Closed, null);
                Connection.SayBye();
                _table.Commit();
                try
                {
                    while (Connection.OutputCount > 0 && IsOpen && !_table.IsDispatcherThread)
                        _table.WaitForChange(limit, $"{Peer} to read");
                }
                catch (WaitTimeoutException)
                {
                    // It then sees the end of the connection without a word.
                }

                Connection.Close();
                _table.Commit();
            }
        }

        _reconnector?.Dispose();
    }

    /// <summary>The address and who is at the other end.</summary>
    public override string ToString() => $"channel {Id} to {Peer}";

    /// <summary>Tells the user. Called under the lock.</summary>
    internal void Raise(
        ChannelEventType type,
        ChannelShare? share,
        ChannelEndReason reason = ChannelEndReason.None,
        string? text = null)
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

    internal void RaiseReceived(in ChannelEvent item) => EventReceived?.Invoke(this, new ChannelEventArgs(item));

    /// <summary>The connection has ended. Called under the lock.</summary>
    internal void OnDisconnected(ChannelEndReason reason, string? text)
    {
        if (!Reconnects || _isClosing)
        {
            End(reason, text);
            return;
        }

        (State, EndReason, EndText) = (ChannelState.Reconnecting, reason, text);
        Raise(ChannelEventType.Disconnected, null, reason, text);
        _reconnector!.Start();
    }

    /// <summary>Continues with another connection, unless the channel was closed in the meantime.</summary>
    internal void Resume(OpenedStream opened)
    {
        using var reports = KernelTrace.Hold();
        lock (_table.Sync)
        {
            if (State != ChannelState.Reconnecting)
            {
                opened.Stream.Dispose();
                return;
            }

            var before = Connection;
            Connection = new ChannelConnection(this, _table, opened);
            (State, EndReason, EndText) = (ChannelState.Open, ChannelEndReason.None, null);
            Raise(ChannelEventType.Connected, null);
            Connection.Exporter.PublishAgain(before.Exporter);
            _table.Commit();
            _table.WakeDispatcher();
        }
    }

    /// <summary>An attempt to connect again has failed; others follow, unless the failure is unexpected.</summary>
    internal void OnFailure(Exception failure)
    {
        lock (_table.Sync)
        {
            if (State != ChannelState.Reconnecting)
                return;
            EndText = failure.Message;
            if (failure is DmaBufException)
                return;
            End(ChannelEndReason.Broken, failure.Message);
            _table.Commit();
        }
    }

    /// <summary>Waits until there is a peer that has read most of what it was sent. Called under the lock.</summary>
    /// <exception cref="ShareException">ChannelClosed; BadState: on the thread of the channels.</exception>
    internal void WaitForRoom(WaitLimit limit)
    {
        while (State != ChannelState.Open || Connection.OutputCount > MuchToSend)
        {
            if (!IsOpen)
                throw ChannelClosed();
            _table.CheckCanWait();
            var act = State == ChannelState.Open ? "read" : "come back";
            _table.WaitForChange(limit, $"{Peer} to {act}");
        }
    }

    /// <summary>Why nothing can be done with the channel.</summary>
    internal ShareException ChannelClosed() => new(ShareFault.ChannelClosed,
        $"The {this} is closed{(EndText is { } text ? $": {text}" : ".")}", "Connect again.");

    private void End(ChannelEndReason reason, string? text)
    {
        (State, EndReason, EndText) = (ChannelState.Closed, reason, text);
        Raise(ChannelEventType.Closed, null, reason, text);
        _table.OnEnded(this);
    }
}
