namespace DmaBuf.Tests;

/// <summary>Counts the bytes that this thread allocates.</summary>
internal static class Allocations
{
    private const int Rounds = 3;

    /// <summary>
    /// The bytes that an action allocates: the least of several rounds, because the runtime may compile a method again
    /// at any moment, which counts, too.
    /// </summary>
    public static long Of(Action action)
    {
        var least = long.MaxValue;
        for (var round = 0; round < Rounds; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
