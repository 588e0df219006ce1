using System.Diagnostics;
using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Tracing;

namespace DmaBuf.Waits;

/// <summary>
/// How long the waits of one task may last together: until a deadline, and until a token is cancelled, which wakes a
/// poll, so that no wait needs a thread of its own. For one thread at a time.
/// </summary>
public sealed class WaitLimit : IDisposable
{
    private readonly TimeSpan? _timeout;
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly CancellationToken _cancellation;
    private WaitSet? _set;

    /// <param name="timeout">From now to the deadline, or null for none.</param>
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

    /// <summary>A limit of its own for a part of the task: so much time from now, and no more than is left of this one.</summary>
    public WaitLimit AtMost(TimeSpan time)
    {
        var left = _timeout - Stopwatch.GetElapsedTime(_start);
        return new WaitLimit(left < time ? TimeSpan.FromTicks(Math.Max(0, left.Value.Ticks)) : time, _cancellation);
    }

    /// <summary>Frees what the waits used.</summary>
    public void Dispose() => _set?.Dispose();

    /// <summary>Waits until the descriptor has one of the events, is hung up or has failed.</summary>
    /// <exception cref="WaitTimeoutException">The deadline passed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="KernelException">poll: EBADF where the descriptor was disposed meanwhile.</exception>
    internal void ForEvent(FileDescriptor fd, short events, string waitedFor)
    {
        while (!ForEvent(fd, events, -1, waitedFor))
        {
        }

        KernelTrace.Write($"poll({fd.Number}, 0x{events:x}) = 1");
    }

    /// <summary>
    /// The same for so many milliseconds at most, or for any time if negative. False when they passed without an event.
    /// </summary>
    /// <inheritdoc cref="ForEvent(FileDescriptor, short, string)"/>
    internal bool ForEvent(FileDescriptor fd, short events, int milliseconds, string waitedFor)
    {
        var set = EmptySet();
        set.Add(fd, events);
        return set.Wait(Shorter(milliseconds, RemainingMilliseconds(waitedFor)), waitedFor);
    }

    /// <summary>Waits for a while; shorter if the deadline comes first.</summary>
    /// <exception cref="WaitTimeoutException">The deadline had passed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    internal void Pause(int milliseconds, string waitedFor)
    {
        var shorter = Shorter(milliseconds, RemainingMilliseconds(waitedFor));
        if (shorter != 0)
            EmptySet().Wait(shorter, waitedFor);
    }

    /// <summary>Waits for what poll cannot see. A task that the limit ends early runs on unseen.</summary>
    /// <exception cref="WaitTimeoutException">The deadline passed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    internal T ForTask<T>(Task<T> task, string waitedFor)
    {
        try
        {
            return task.WaitAsync(TimeSpan.FromMilliseconds(RemainingMilliseconds(waitedFor)), _cancellation).GetAwaiter().GetResult();
        }
        catch (TimeoutException) when (_timeout is not null)
        {
            throw new WaitTimeoutException(waitedFor, _timeout.Value);
        }
    }

    private WaitSet EmptySet()
    {
        _set ??= new WaitSet(_cancellation);
        _set.Clear();
        return _set;
    }

    /// <summary>The shorter of two times, of which a negative one has no end.</summary>
    private static int Shorter(int one, int other) => one < 0 ? other : other < 0 ? one : Math.Min(one, other);

    private int RemainingMilliseconds(string waitedFor)
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
