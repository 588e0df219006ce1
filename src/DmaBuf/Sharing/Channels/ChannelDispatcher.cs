using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Waits;

namespace DmaBuf.Sharing.Channels;

/// <summary>
/// The thread that serves all channels of a table: it reads what peers send, sends what did not go at once, does what
/// can take long, and ends shares whose delay is over. It rests while nothing happens.
/// </summary>
internal sealed class ChannelDispatcher : IDisposable
{
    private const int LookForPeersMilliseconds = 5000;
    private readonly ChannelTable _table;
    private readonly FileDescriptor _wake;
    private readonly WaitSet _set = new();
    private readonly List<ChannelConnection> _polled = [];
    private readonly Queue<ExportedShare> _toShare = new();
    private readonly Queue<IDisposable> _toEnd = new();
    private readonly Queue<ChannelEvent> _toRaise = new();
    private readonly List<ExportedShare> _fenced = [];
    private readonly List<ChannelConnection> _toDispose = [];
    private readonly Thread _thread;
    private bool _hasNewFence;
    private bool _isStopped;

    public ChannelDispatcher(ChannelTable table)
    {
        _table = table;
        _wake = Poll.CreateEvent() ?? throw new KernelException("eventfd", Errno.Last, "this process");
        _thread = new Thread(Run) { IsBackground = true, Name = "DmaBuf channels" };
        _thread.Start();
    }

    /// <summary>Whether the thread has something to do that is no event of what it waits for.</summary>
    public bool NeedsThread => _hasNewFence || HasWork;

    private bool HasWork => _toShare.Count + _toEnd.Count + _toRaise.Count + _toDispose.Count > 0;

    /// <summary>Makes the thread look at its work.</summary>
    public void Wake()
    {
        if (!IsCurrent)
            Poll.Signal(_wake);
    }

    /// <summary>Ends the thread.</summary>
    public void Dispose()
    {
        _isStopped = true;
        Wake();
    }

    /// <summary>Whether this is the thread.</summary>
    public bool IsCurrent => Thread.CurrentThread == _thread;

    public void Enqueue(ExportedShare share)
    {
        if (!_toShare.Contains(share))
            _toShare.Enqueue(share);
    }

    public void Enqueue(IDisposable lease) => _toEnd.Enqueue(lease);

    public void Notify(Channel channel, in ChannelEvent item) => _toRaise.Enqueue(item);

    public void QueueDispose(ChannelConnection connection) => _toDispose.Add(connection);

    public bool AreFencesDone(ExportedShare share)
    {
        if (share.Buffer is not { IsDmaBuf: true } buffer)
            return true;
        try
        {
            if (Poll.Has(buffer.Descriptor, EventsFor(share)))
                return true;
        }
        catch (ObjectDisposedException)
        {
            // It is removed, and the share ends.
            return true;
        }

        if (!_fenced.Contains(share))
            _fenced.Add(share);
        _hasNewFence = true;
        return false;
    }

    private static short EventsFor(ExportedShare share) => share.WantsWrite ? Poll.POLLOUT : Poll.POLLIN;

    private void Run()
    {
        while (true)
        {
            int milliseconds;
            lock (_table.Sync)
            {
                if (_isStopped && !HasWork)
                    break;
                milliseconds = Prepare();
            }

            Wait(milliseconds);
            Poll.Reset(_wake);
            for (var i = 0; i < _polled.Count; i++)
                Serve(_polled[i], hasEvent: _set.Events(1 + i) != 0);

            Work();
        }

        _set.Dispose();
        _wake.Dispose();
    }

    /// <summary>Reads what came. Whatever fails ends that channel only.</summary>
    private void Serve(ChannelConnection connection, bool hasEvent)
    {
        try
        {
            if (hasEvent || connection.NeedsLook || HasVanished(connection))
                connection.OnReady();
        }
#pragma warning disable CA1031 // This thread serves the other channels too.
        catch (Exception e)
#pragma warning restore CA1031
        {
            lock (_table.Sync)
                connection.Fail(e);
        }
    }

    /// <summary>Decides what to wait for, and how long. Called under the lock.</summary>
    private int Prepare()
    {
        var until = long.MaxValue;
        var (canVanish, needsLook) = (false, false);
        _set.Clear();
        _polled.Clear();
        _set.Add(_wake, Poll.POLLIN);
        foreach (var channel in _table.OpenChannels)
        {
            var connection = channel.Connection;
            if (!connection.IsOpen)
                continue;
            _set.Add(connection.Stream.Descriptor, connection.Stream.EventsFor(connection.OutputCount > 0));
            _polled.Add(connection);
            until = Math.Min(until, connection.NextDeadline ?? long.MaxValue);
            canVanish |= connection.Stream.CanVanish;
            needsLook |= connection.NeedsLook;
        }

        foreach (var share in _fenced)
            _set.Add(share.Buffer!.Descriptor, EventsFor(share));
        _hasNewFence = false;
        if (HasWork || needsLook)
            return 0;
        var now = Environment.TickCount64;
        var left = until == long.MaxValue ? -1 : (int)Math.Clamp(until - now, 0, int.MaxValue);
        return canVanish && left is < 0 or > LookForPeersMilliseconds ? LookForPeersMilliseconds : left;
    }

    /// <summary>Looks for a peer that can vanish without an event, from time to time.</summary>
    private static bool HasVanished(ChannelConnection connection)
    {
        if (!connection.Stream.CanVanish || Environment.TickCount64 < connection.LookForPeerAt)
            return false;
        connection.LookForPeerAt = Environment.TickCount64 + LookForPeersMilliseconds;
        using var limit = new WaitLimit(TimeSpan.FromSeconds(1));
        connection.Stream.LookForPeer(limit);
        return connection.Stream.HasEnded;
    }

    private void Wait(int milliseconds)
    {
        try
        {
            _set.Wait(milliseconds, "an event on a channel");
        }
        catch (KernelException)
        {
            // A buffer whose fences it waits for was removed: the next round looks again.
        }
    }

    private void Work()
    {
        lock (_table.Sync)
        {
            foreach (var connection in _polled)
            {
                if (connection.IsOpen)
                    connection.UpdateDeadline();
            }

            for (var i = _fenced.Count - 1; i >= 0; i--)
            {
                var share = _fenced[i];
                _fenced.RemoveAt(i);
                // It goes back into the list if its fences are not done.
                if (share.IsValid)
                    share.Connection.Protocol.Exported.Grant(share);
            }

            _table.Commit();
        }

        while (Take(_toShare) is { } share)
            share.Connection.Exporter.SharePages(share);
        while (Take(_toEnd) is { } lease)
            lease.Dispose();
        RaiseEvents();
        while (TakeEnded() is { } ended)
            ended.Dispose();
    }

    private ChannelConnection? TakeEnded()
    {
        lock (_table.Sync)
        {
            var ended = _toDispose.LastOrDefault();
            _toDispose.Remove(ended!);
            return ended;
        }
    }

    private void RaiseEvents()
    {
        while (true)
        {
            ChannelEvent item;
            lock (_table.Sync)
            {
                if (!_toRaise.TryDequeue(out item))
                    return;
            }

            try
            {
                item.Channel.RaiseReceived(item);
            }
#pragma warning disable CA1031 // A subscriber's failure is not the channels'.
            catch
#pragma warning restore CA1031
            {
                Tracing.KernelTrace.Write($"a subscriber of {item.Channel} failed");
            }
        }
    }

    private T? Take<T>(Queue<T> queue)
        where T : class
    {
        lock (_table.Sync)
            return queue.TryDequeue(out var item) ? item : null;
    }
}
