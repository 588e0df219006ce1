namespace DmaBuf.Tests;

/// <summary>A clock that stands still between the steps of a test.</summary>
internal sealed class ManualClock : TimeProvider
{
    private long _ticks;
    private int _reads;

    /// <summary>How often the time was read.</summary>
    public int Reads => Volatile.Read(ref _reads);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp()
    {
        var ticks = Interlocked.Read(ref _ticks);
        Interlocked.Increment(ref _reads);
        return ticks;
    }

    public void Advance(TimeSpan time) => Interlocked.Add(ref _ticks, time.Ticks);
}
