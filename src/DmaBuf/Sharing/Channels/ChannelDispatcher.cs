using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Tracing;
using DmaBuf.Waits;

namespace DmaBuf.Sharing.Channels;

/// <summary>
/// Serves all channels of a table: reads what peers send, sends what did not go at once, and ends shares whose delay is
/// over. Its thread does that, and what can take long; it rests while nothing happens.
/// </summary>
/// <remarks>
/// A thread that waits for a peer serves the channels itself, because waking it from another thread would take longer
/// than all that a message needs. Between two such waits, nobody serves for a moment; then the own thread takes over.
/// </remarks>
internal sealed class ChannelDispatcher : IDisposable
{
    private const int LookForPeersMilliseconds = 5000;

    private static readonly Action<object?> s_signal = descriptor => Poll.Signal((FileDescriptor)descriptor!);
    private readonly ChannelTable _table;

    /// <summary>Ends the wait of the one who serves.</summary>
    private readonly FileDescriptor _wake;

    /// <summary>Ends the rest of the thread while another one serves.</summary>
    private readonly FileDescriptor _work;

    /// <summary>
    /// Ends that rest where nobody serves any more. A wake-up by the waiter at its end would take longer than its turn.
    /// </summary>
    private readonly TakeOverTimer _takeOver;

    private readonly WaitSet _set = new();
    private readonly WaitSet _rest = new();
    private readonly List<ChannelConnection> _polled = [];
    private readonly Queue<ExportedShare> _toShare = new();
    private readonly Queue<IDisposable> _toEnd = new();
    private readonly Queue<ChannelEvent> _toRaise = new();
    private readonly List<ExportedShare> _fenced = [];
    private readonly List<ChannelConnection> _toDispose = [];
    private readonly Thread _thread;
    private Thread? _server;
    private bool _hasWaiter;
    private bool _hasNewFence;
    private bool _isStopped;

    /// <param name="table">The channels.</param>
    /// <param name="clock">Tells how long nobody has served.</param>
    /// <exception cref="KernelException">eventfd, timerfd_create: EMFILE, ENFILE.</exception>
    public ChannelDispatcher(ChannelTable table, TimeProvider clock)
    {
        _table = table;
        _takeOver = new TakeOverTimer(clock);
        _wake = CreateEvent();
        _work = CreateEvent();
        _thread = new Thread(Run) { IsBackground = true, Name = "DmaBuf channels" };
        _thread.Start();
    }

    /// <summary>Whether the thread has something to do that is no event of what it waits for.</summary>
    public bool NeedsThread => _hasNewFence || _toDispose.Count > 0 || HasWork;

    /// <summary>Whether a thread serves that waits for a change.</summary>
    public bool HasServingWaiter => _server is not null && _server != _thread;

    private bool HasWork => _toShare.Count + _toEnd.Count + _toRaise.Count > 0 || FindEnded() is not null;

    /// <summary>
    /// Makes the one who serves look at what has changed, and the thread at its work. Called under the lock.
    /// </summary>
    public void Wake()
    {
        if (_server is not null && _server != Thread.CurrentThread)
            Poll.Signal(_wake);
        if (_server != _thread && !IsCurrent && (_server is null || HasWork))
            Poll.Signal(_work);
    }

    /// <summary>
    /// Serves the channels until something happens, on the thread of one who waits for it. Called under the lock, which
    /// is released in the meantime.
    /// </summary>
    /// <returns>False if another thread serves; that one pulses the lock after each change.</returns>
    /// <exception cref="WaitTimeoutException">The deadline passed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public bool TryServe(WaitLimit limit, string waitedFor)
    {
        _hasWaiter = true;
        if (_server is not null || _isStopped)
            return false;
        var left = limit.RemainingMilliseconds(waitedFor);
        var milliseconds = BeginRound();
        Monitor.Exit(_table.Sync);
        try
        {
            // These calls are the channels', and no listener's code may run between them.
            using var silence = KernelTrace.Listen(null);
            using var cancelled = limit.Cancellation.UnsafeRegister(s_signal, _wake);
            RunRound(WaitLimit.Shorter(milliseconds, left));
        }
        finally
        {
            Monitor.Enter(_table.Sync);
            EndRound();
            _takeOver.Begin();
            if (HasWork || _isStopped)
                Poll.Signal(_work);
        }

        return true;
    }

    /// <summary>Ends the thread. Called under the lock.</summary>
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

    private static FileDescriptor CreateEvent() =>
        Poll.CreateEvent() ?? throw new KernelException("eventfd", Errno.Last, "this process");

    private static short EventsFor(ExportedShare share) => share.WantsWrite ? Poll.POLLOUT : Poll.POLLIN;

    private void Run()
    {
        var hasExpired = false;
        while (true)
        {
            bool serves;
            int milliseconds;
            lock (_table.Sync)
            {
                if (_isStopped && !HasWork && _server is null)
                    break;
                var isDue = hasExpired && _takeOver.TakeIsDue(isServed: _server is not null);
                hasExpired = false;
                serves = _server is null && (isDue || !_hasWaiter);
                milliseconds = serves ? BeginRound() : BeginRest();
            }

            if (serves)
            {
                RunRound(milliseconds);
                lock (_table.Sync)
                    EndRound();
            }
            else
            {
                hasExpired = Rest(milliseconds);
            }

            Work();
        }

        _set.Dispose();
        _rest.Dispose();
        _wake.Dispose();
        _work.Dispose();
        _takeOver.Dispose();
    }

    /// <summary>Leaves the channels to waiters, and decides how long. Called under the lock.</summary>
    private int BeginRest()
    {
        if (_server is null)
            _takeOver.Arm();
        return HasWork ? 0 : -1;
    }

    /// <returns>Whether the timer has expired.</returns>
    private bool Rest(int milliseconds)
    {
        _rest.Clear();
        _rest.Add(_work, Poll.POLLIN);
        _rest.Add(_takeOver.Descriptor, Poll.POLLIN);
        _rest.Wait(milliseconds, "work on a channel");
        if (_rest.Events(0) != 0)
            Poll.Reset(_work);
        return _rest.Events(1) != 0;
    }

    /// <summary>Waits until something happens, for at most the given time, and reads what came.</summary>
    private void RunRound(int milliseconds)
    {
        Wait(milliseconds);
        if (_set.Events(0) != 0)
            Poll.Reset(_wake);
        for (var i = 0; i < _polled.Count; i++)
            Serve(_polled[i], hasEvent: _set.Events(1 + i) != 0);
    }

    /// <summary>Carries on with what the round changed, and sends. Called under the lock.</summary>
    private void EndRound()
    {
        foreach (var connection in _polled)
        {
            if (connection.IsOpen)
                connection.UpdateDeadline();
        }

        _polled.Clear();
        for (var i = _fenced.Count - 1; i >= 0; i--)
        {
            var share = _fenced[i];
            _fenced.RemoveAt(i);
            // It goes back into the list if its fences are not done.
            if (share.IsValid)
                share.Connection.Protocol.Exported.Grant(share);
        }

        _server = null;
        _table.Commit();
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

    /// <summary>
    /// Makes this the thread that serves, and decides what it waits for, and how long. Called under the lock.
    /// </summary>
    private int BeginRound()
    {
        _server = Thread.CurrentThread;
        _hasWaiter &= !IsCurrent;
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
        if (needsLook || (IsCurrent && HasWork))
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
            var ended = FindEnded();
            _toDispose.Remove(ended!);
            return ended;
        }
    }

    /// <summary>A connection that has ended, and that nobody polls any more. Called under the lock.</summary>
    private ChannelConnection? FindEnded()
    {
        foreach (var connection in _toDispose)
        {
            if (!_polled.Contains(connection))
                return connection;
        }

        return null;
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
                KernelTrace.Write($"a subscriber of {item.Channel} failed");
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
