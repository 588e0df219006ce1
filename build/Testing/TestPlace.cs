using System.Diagnostics;
using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>A place where suites run.</summary>
/// <param name="Name">The place's name.</param>
/// <param name="RunCommandAsync">
/// Runs a command there with its standard output going to the stream, and returns its exit code.
/// </param>
/// <param name="IsEmulated">Whether its processor is emulated, so that only a part of some suites runs there.</param>
internal sealed record TestPlace(
    string Name, Func<string[], Stream, CancellationToken, Task<int>> RunCommandAsync, bool IsEmulated = false)
{
    /// <summary>
    /// Prepares the stages of emulated places. If something that they need is not available, they are left out; another
    /// failure counts as a failed test. The other tests still run.
    /// </summary>
    public static async Task<IReadOnlyList<TestStage>> PrepareAsync(
        string name, TestTally tally, Func<Task<IReadOnlyList<TestStage>>> prepare)
    {
        IReadOnlyList<TestStage> stages = [];
        await GuardAsync(name, tally, "it can be prepared", async () => stages = await prepare());
        return stages;
    }

    /// <summary>
    /// Runs work that starts an emulated place. If something that the place needs is not available, it is left out; a
    /// place that dies counts as a failed test.
    /// </summary>
    public static Task RunAsync(string name, TestTally tally, Func<Task> work) =>
        GuardAsync(name, tally, "it starts", work);

    private static async Task GuardAsync(string name, TestTally tally, string test, Func<Task> work)
    {
        var time = Stopwatch.StartNew();
        try
        {
            await work();
        }
        catch (NotAvailableException missing)
        {
            LeaveOut(name, missing);
        }
        catch (Exception failure)
            when (failure is LabException or BuildException or IOException or UnauthorizedAccessException)
        {
            tally.Add("boot", name, [new TestOutcome(test, TestStatus.Failed, failure.Message)], time.Elapsed);
        }
    }

    private static void LeaveOut(string name, NotAvailableException missing) =>
        Report.LeaveOut($"the tests on {name} ({missing.Message.Trim().Split('\n')[0].TrimEnd('.')})");
}
