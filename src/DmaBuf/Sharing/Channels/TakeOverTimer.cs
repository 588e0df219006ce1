using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Sharing.Channels;

/// <summary>
/// Tells the thread of the channels that nobody has served them for a moment. Used under the lock of the channels.
/// </summary>
/// <remarks>
/// Setting and clearing a timer around each turn of a waiter would be most of what the turn costs in a virtual machine.
/// The timer is therefore left to expire while a waiter comes back again and again, and is set for longer then.
/// </remarks>
/// <param name="clock">Tells how long nobody has served.</param>
/// <exception cref="KernelException">timerfd_create: EMFILE, ENFILE.</exception>
internal sealed class TakeOverTimer(TimeProvider clock) : IDisposable
{
    /// <summary>
    /// How long the channels are left to a thread that has just waited, and will probably wait again. That is longer
    /// than a turn on an emulated processor that two domains share: taking over too early costs as much as a turn.
    /// </summary>
    private const int ShortestMilliseconds = 5;

    private const int LongestMilliseconds = 10;
    private int _milliseconds = ShortestMilliseconds;
    private long _unservedSince;
    private bool _isSet;

    /// <summary>Readable once the timer has expired; <see cref="TakeIsDue"/> then says what that means.</summary>
    public FileDescriptor Descriptor { get; } =
        Timerfd.Create() ?? throw new KernelException("timerfd_create", Errno.Last, "this process");

    /// <summary>A waiter has stopped serving.</summary>
    public void Begin()
    {
        _unservedSince = clock.GetTimestamp();
        Arm();
    }

    /// <summary>Starts the timer unless it runs, and keeps the time at which the last waiter stopped serving.</summary>
    public void Arm()
    {
        if (!_isSet)
            Set(_milliseconds);
    }

    /// <summary>Whether nobody has served for a moment. Called when the timer has expired.</summary>
    public bool TakeIsDue(bool isServed)
    {
        var left = ShortestMilliseconds - clock.GetElapsedTime(_unservedSince).TotalMilliseconds;
        if (!isServed && left <= 0)
        {
            Set(0);
            _milliseconds = ShortestMilliseconds;
            return true;
        }

        _milliseconds = LongestMilliseconds;
        Set(isServed ? 0 : (int)Math.Ceiling(left));
        return false;
    }

    /// <inheritdoc/>
    public void Dispose() => Descriptor.Dispose();

    private void Set(int milliseconds)
    {
        _isSet = milliseconds > 0;
        Timerfd.Set(Descriptor, milliseconds);
    }
}
