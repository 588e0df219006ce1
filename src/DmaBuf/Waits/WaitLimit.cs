using System.Diagnostics;
using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Tracing;

namespace DmaBuf.Waits;

/// <summary>
/// The time limit of all waits of one task: they end at a deadline, or when a token is cancelled. Cancelling the token
/// wakes a poll, so no wait needs a thread of its own. For one thread at a time.
/// </summary>
public sealed class WaitLimit : IDisposable
{
    private readonly TimeSpan? _timeout;
    private long _start = Stopwatch.GetTimestamp();
    private readonly CancellationToken _cancellation;
    private WaitSet? _set;
    private CancellationTokenRegistration _pulse;
    private object? _pulsed;

    /// <param name="timeout">The time until the deadline, or null for none.</param>
    /// <param name="cancellation">Ends every wait with <see cref="OperationCanceledException"/>.</param>
    public WaitLimit(TimeSpan? timeout = null, CancellationToken cancellation = default)
    {
        _timeout = timeout;
        _cancellation = cancellation;
    }

    /// <summary>The token that ends the waits.</summary>
    public CancellationToken Cancellation => _cancellation;

    /// <summary>True once the deadline has passed.</summary>
    public bool IsOver => _timeout is { } timeout && Stopwatch.GetElapsedTime(_start) >= timeout;

    /// <summary>
    /// A separate limit for a part of the task: the given time from now, but no more than what is left of this limit.
    /// </summary>
    public WaitLimit AtMost(TimeSpan time)
    {
        var left = _timeout - Stopwatch.GetElapsedTime(_start);
        return new WaitLimit(left < time ? TimeSpan.FromTicks(Math.Max(0, left.Value.Ticks)) : time, _cancellation);
    }

    /// <summary>Begins anew, with the whole time, for the next of many tasks.</summary>
    internal void Restart() => _start = Stopwatch.GetTimestamp();

    /// <summary>Frees what the waits needed.</summary>
    public void Dispose()
    {
        _set?.Dispose();
        _pulse.Dispose();
    }

    /// <summary>Waits until the descriptor has one of the events, is hung up or has failed.</summary>
    /// <exception cref="WaitTimeoutException">The deadline passed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="KernelException">poll: EBADF where the descriptor was disposed in the meantime.</exception>
    internal void ForEvent(FileDescriptor fd, short events, string waitedFor)
    {
        while (!ForEvent(fd, events, -1, waitedFor))
        {
        }

        KernelTrace.Write($"poll({fd.Number}, 0x{events:x}) = 1");
    }

    /// <summary>
    /// The same for at most the given milliseconds, or without that limit if negative. False when they passed without
    /// an event.
    /// </summary>
    /// <inheritdoc cref="ForEvent(FileDescriptor, short, string)"/>
    internal bool ForEvent(FileDescriptor fd, short events, int milliseconds, string waitedFor)
    {
        var set = EmptySet();
        set.Add(fd, events);
        return set.Wait(Shorter(milliseconds, RemainingMilliseconds(waitedFor)), waitedFor);
    }

    /// <summary>Waits for the given time, or until the deadline if that comes first.</summary>
    /// <exception cref="WaitTimeoutException">The deadline had passed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    internal void Pause(int milliseconds, string waitedFor)
    {
        var shorter = Shorter(milliseconds, RemainingMilliseconds(waitedFor));
        if (shorter != 0)
            EmptySet().Wait(shorter, waitedFor);
    }

    /// <summary>
    /// Waits until another thread pulses a monitor that the caller has entered, or until the deadline. The caller then
    /// looks whether what it waits for has happened, and calls again if not: the call after the deadline fails.
    /// </summary>
    /// <exception cref="WaitTimeoutException">The deadline passed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    internal void ForPulse(object monitor, string waitedFor)
    {
        if (_pulsed != monitor && _cancellation.CanBeCanceled)
        {
            _pulse.Dispose();
            _pulse = _cancellation.Register(PulseAll, monitor);
            _pulsed = monitor;
        }

        Monitor.Wait(monitor, RemainingMilliseconds(waitedFor));
    }

    /// <summary>
    /// Waits for a task, which poll cannot see. If the limit ends the wait early, the task is left to run on.
    /// </summary>
    /// <exception cref="WaitTimeoutException">The deadline passed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    internal T ForTask<T>(Task<T> task, string waitedFor)
    {
        try
        {
            var remaining = TimeSpan.FromMilliseconds(RemainingMilliseconds(waitedFor));
            return task.WaitAsync(remaining, _cancellation).GetAwaiter().GetResult();
        }
        catch (TimeoutException) when (_timeout is not null)
        {
            throw new WaitTimeoutException(waitedFor, _timeout.Value);
        }
    }

    private static void PulseAll(object? monitor)
    {
        lock (monitor!)
            Monitor.PulseAll(monitor);
    }

    private WaitSet EmptySet()
    {
        _set ??= new WaitSet(_cancellation);
        _set.Clear();
        return _set;
    }

    /// <summary>The shorter of two times, where a negative one means no limit.</summary>
    internal static int Shorter(int one, int other) => one < 0 ? other : other < 0 ? one : Math.Min(one, other);

    /// <summary>The time until the deadline; negative for no limit.</summary>
    /// <exception cref="WaitTimeoutException">The deadline passed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    internal int RemainingMilliseconds(string waitedFor)
    {
        _cancellation.ThrowIfCancellationRequested();
        if (_timeout is not { } timeout)
            return -1;
        var remaining = timeout - Stopwatch.GetElapsedTime(_start);
        if (remaining <= TimeSpan.Zero)
            throw new WaitTimeoutException(waitedFor, timeout);
        return (int)Math.Min(int.MaxValue, Math.Ceiling(remaining.TotalMilliseconds));
    }
}
