using DmaBuf.Errors;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>Two threads that use the same buffer at the same time, in random order.</summary>
internal static class Rounds
{
    private const int Steps = 2;

    /// <summary>
    /// Has two threads do random steps at once. A step may fail because the other thread has ended what it uses: with
    /// one of the accepted faults.
    /// </summary>
    public static void Run(Random random, Action<Random> step, params BufferFault[] accepted)
    {
        var (one, other) = (random.Next(), random.Next());
        using var start = new Barrier(2);
        var thread = Task.Run(() => Act(new Random(other)), TestContext.Current.CancellationToken);
        Act(new Random(one));
        thread.Wait(TestContext.Current.CancellationToken);

        void Act(Random choice)
        {
            start.SignalAndWait();
            for (var i = 0; i < Steps; i++)
            {
                try
                {
                    step(choice);
                }
                catch (BufferException e) when (accepted.Contains(e.Fault))
                {
                }
            }
        }
    }
}
