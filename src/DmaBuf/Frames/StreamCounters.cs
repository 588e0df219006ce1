using System.Diagnostics;

namespace DmaBuf.Frames;

/// <summary>What a running stream counts.</summary>
internal sealed class StreamCounters
{
    private long _start;
    private long _end;

    public long Frames;
    public long Bytes;
    public long Dropped;
    public long Damaged;
    public long LateAcks;
    public long Overwritten;
    public long StrayAcks;

    /// <summary>Begins to measure the time, at the first frame.</summary>
    public void Start()
    {
        if (_start == 0)
            _start = Stopwatch.GetTimestamp();
    }

    /// <summary>Counts a frame.</summary>
    public void Count(int bytes)
    {
        Frames++;
        Bytes += bytes;
        _end = Stopwatch.GetTimestamp();
    }

    /// <summary>The time from the first frame to the last.</summary>
    public TimeSpan Elapsed => Frames == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(_start, _end);
}
