using System.Diagnostics;

namespace DmaBuf.Pair;

/// <summary>The monotonic clock in nanoseconds, which is what a tick of the stopwatch is on Linux.</summary>
internal static class Clock
{
    public static long Now => Stopwatch.GetTimestamp();
}
