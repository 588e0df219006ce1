using System.Diagnostics;

namespace DmaBuf.Pair;

/// <summary>The monotonic clock in nanoseconds: on Linux, a tick of Stopwatch is one nanosecond.</summary>
internal static class Clock
{
    public static long Now => Stopwatch.GetTimestamp();
}
