using System.Diagnostics;
using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>Where a suite runs.</summary>
/// <param name="Name">The place's name.</param>
/// <param name="RunAsync">
/// Runs a command there with its standard output going to the stream, and returns its exit code.
/// </param>
internal sealed record TestPlace(string Name, Func<string[], Stream, CancellationToken, Task<int>> RunAsync)
{
    /// <summary>
    /// Makes an emulated place and works in it. One that does not start, or dies, counts as a failed test.
    /// </summary>
    public static async Task MakeAsync(string name, TestTally tally, Func<Task> work)
    {
        var time = Stopwatch.StartNew();
        try
        {
            await work();
        }
        catch (LabException failure)
        {
            var outcome = new TestOutcome("it starts", TestStatus.Failed, failure.Message);
            tally.Add("boot", name, [outcome], time.Elapsed);
        }
    }
}
