using System.Collections.Concurrent;

namespace DmaBuf.Build;

/// <summary>
/// Runs stages, several at a time, and reports every half minute how far they are. An emulated host keeps about one
/// processor busy, so as many run as there are processors and memory for them, but no more than two, because their
/// tests have time limits.
/// </summary>
internal sealed class TestLanes : IDisposable
{
    /// <summary>The memory, in bytes, with which two emulated hosts leave enough for all else.</summary>
    private const long MemoryForTwo = 8L << 30;

    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(30);
    private readonly ConcurrentQueue<TestStage> _stages;
    private readonly ConcurrentDictionary<TestStage, TestProgress> _running = [];
    private readonly Timer _timer;

    /// <summary>Starts reporting.</summary>
    /// <param name="stages">The stages, in the order in which they begin.</param>
    public TestLanes(IEnumerable<TestStage> stages)
    {
        _stages = new(stages);
        _timer = new Timer(_ => Print(), null, s_interval, s_interval);
    }

    /// <summary>How many emulated hosts may run at a time.</summary>
    public static int Usual { get; } =
        Environment.ProcessorCount > 1 && GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >= MemoryForTwo ? 2 : 1;

    /// <summary>Runs all stages; a stage that throws ends the others.</summary>
    public async Task RunAsync(int lanes, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAll(Enumerable.Range(0, lanes).Select(_ => RunLaneAsync(stop)));
    }

    /// <summary>Stops reporting.</summary>
    public void Dispose() => _timer.Dispose();

    private async Task RunLaneAsync(CancellationTokenSource stop)
    {
        try
        {
            while (_stages.TryDequeue(out var stage))
            {
                var progress = _running[stage] = new TestProgress(stage);
                Report.Note(progress.ToString());
                await stage.RunAsync(progress, stop.Token);
                _running.TryRemove(stage, out _);
            }
        }
        catch
        {
            await stop.CancelAsync();
            throw;
        }
    }

    private void Print()
    {
        var suites = _stages.Sum(stage => stage.Suites) + _running.Values.Sum(progress => progress.SuitesLeft);
        Report.Note($"{string.Join("; ", _running.Values)}; {suites} suites left");
    }
}
