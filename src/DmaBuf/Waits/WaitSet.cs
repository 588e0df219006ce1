using System.Diagnostics;
using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Waits;

/// <summary>
/// A wait for several descriptors at once. Disposing a descriptor during the wait ends the wait; the descriptor stays
/// open until the poll is over, so that its number cannot be reused for another file in the meantime. For one thread at
/// a time.
/// </summary>
/// <remarks>
/// Once the set has reached its largest size, waiting again allocates nothing, even for other descriptors.
/// </remarks>
internal sealed class WaitSet : IDisposable
{
    private const int ForWake = 1;
    private readonly CancellationToken _cancellation;
    private readonly WakeEvent _wake;
    private readonly CancellationTokenRegistration _registration;
    private FileDescriptor[] _descriptors = new FileDescriptor[1];
    private Poll.pollfd[] _polled = new Poll.pollfd[1 + ForWake];

    /// <param name="cancellation">Ends every wait.</param>
    /// <exception cref="KernelException">eventfd: EMFILE, ENFILE.</exception>
    public WaitSet(CancellationToken cancellation = default)
    {
        _cancellation = cancellation;
        var wake = WakeEvent.Create() ?? throw new KernelException("eventfd", Errno.Last, "this process");
        _wake = wake;
        _registration = cancellation.Register(wake.Set);
    }

    /// <summary>The number of descriptors in the set.</summary>
    public int Count { get; private set; }

    /// <summary>Adds a descriptor, which its owner keeps.</summary>
    /// <param name="fd">The descriptor.</param>
    /// <param name="events">The events of poll(2); hang-up and failure are always waited for.</param>
    /// <returns>The index to pass to <see cref="Events"/>.</returns>
    public int Add(FileDescriptor fd, short events)
    {
        if (Count == _descriptors.Length)
        {
            Array.Resize(ref _descriptors, 2 * Count);
            Array.Resize(ref _polled, (2 * Count) + ForWake);
        }

        _descriptors[Count] = fd;
        _polled[Count] = new Poll.pollfd { fd = fd.Number, events = events };
        return Count++;
    }

    /// <summary>Removes all descriptors.</summary>
    public void Clear()
    {
        Array.Clear(_descriptors);
        Count = 0;
    }

    /// <summary>The events of a descriptor that ended the last wait; 0 where it had none.</summary>
    public short Events(int index) => _polled[index].revents;

    /// <summary>Waits until a descriptor has an event, or another thread wakes those that wait for it.</summary>
    /// <param name="milliseconds">The longest time to wait; negative for no limit.</param>
    /// <param name="waitedFor">What the wait is for, as a failure describes it.</param>
    /// <returns>False when the time passed without an event.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="KernelException">
    /// poll: EBADF where a descriptor was disposed, before the wait or during it.
    /// </exception>
    public bool Wait(int milliseconds, string waitedFor)
    {
        // What was signalled after the last wait is no event of this one.
        _wake.ResetIfSet();
        _cancellation.ThrowIfCancellationRequested();
        var held = 0;
        try
        {
            for (; held < Count; held++)
                Hold(_descriptors[held], waitedFor);
            return PollHeld(milliseconds, waitedFor);
        }
        finally
        {
            while (held-- > 0)
            {
                _descriptors[held].RemoveWake(_wake);
                _descriptors[held].DangerousRelease();
            }
        }
    }

    /// <summary>Frees the set. The descriptors stay open.</summary>
    public void Dispose()
    {
        _registration.Dispose();
        _wake.Dispose();
    }

    private void Hold(FileDescriptor fd, string waitedFor)
    {
        // Before the check below, so that no disposal between it and the poll goes unnoticed.
        fd.AddWake(_wake);
        var added = false;
        try
        {
            fd.DangerousAddRef(ref added);
            if (!fd.IsDisposed)
                return;
        }
        catch (ObjectDisposedException)
        {
        }

        fd.RemoveWake(_wake);
        if (added)
            fd.DangerousRelease();
        throw Closed(waitedFor);
    }

    private bool PollHeld(int milliseconds, string waitedFor)
    {
        // Only a wait with a time limit has use for the clock, after a signal.
        var start = milliseconds > 0 ? Stopwatch.GetTimestamp() : 0;
        var left = milliseconds;
        _polled[Count] = new Poll.pollfd { fd = _wake.Descriptor.Number, events = Poll.POLLIN };
        while (true)
        {
            var result = Poll.Wait(_polled.AsSpan(0, Count + ForWake), left);
            if (result < 0 && Errno.Last != Errno.EINTR)
                throw new KernelException("poll", Errno.Last, waitedFor);
            if (result > 0 && _polled[Count].revents != 0)
            {
                _wake.Reset();
                _cancellation.ThrowIfCancellationRequested();
                for (var i = 0; i < Count; i++)
                {
                    if (_descriptors[i].IsDisposed)
                        throw Closed(waitedFor);
                }

                return true;
            }

            if (result >= 0)
                return result > 0;
            // A signal interrupted it.
            if (milliseconds > 0)
                left = (int)Math.Ceiling(Math.Max(0, milliseconds - Stopwatch.GetElapsedTime(start).TotalMilliseconds));
        }
    }

    private static KernelException Closed(string waitedFor) => new("poll", Errno.EBADF, waitedFor);
}
