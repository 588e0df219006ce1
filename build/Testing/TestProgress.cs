namespace DmaBuf.Build;

/// <summary>
/// Reports every half minute which suite runs, and how many of its tests and how many suites are done and left.
/// </summary>
internal sealed class TestProgress : IDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(30);
    private readonly int _suites;
    private readonly Timer _timer;
    private string _running = string.Empty;
    private int _suitesDone;
    private int _testsFound;
    private int _testsDone;

    /// <summary>Starts reporting.</summary>
    /// <param name="stages">The stages that will run.</param>
    public TestProgress(IEnumerable<TestStage> stages)
    {
        _suites = stages.Sum(stage => stage.Suites);
        _timer = new Timer(_ => Print(), null, s_interval, s_interval);
    }

    /// <summary>Runs a stage; suites that it does not reach count as done.</summary>
    public async Task RunAsync(TestStage stage, CancellationToken cancellationToken)
    {
        var doneAtEnd = _suitesDone + stage.Suites;
        BeginSuite($"starting the {stage.Place}");
        await stage.RunAsync(this, cancellationToken);
        _suitesDone = doneAtEnd;
    }

    /// <summary>Notes that a suite begins.</summary>
    public void BeginSuite(string name)
    {
        _running = name;
        _testsFound = _testsDone = 0;
        Report.Note(name);
    }

    /// <summary>Notes that a suite has ended.</summary>
    public void EndSuite() => _suitesDone++;

    /// <summary>Adds tests that the suite has discovered.</summary>
    public void AddTests(int count) => _testsFound += count;

    /// <summary>Notes that one of its tests has ended.</summary>
    public void EndTest() => _testsDone++;

    /// <summary>Stops reporting.</summary>
    public void Dispose() => _timer.Dispose();

    private void Print()
    {
        var tests = _testsFound == 0 ? string.Empty : $": {_testsDone} tests done, {_testsFound - _testsDone} left";
        Report.Note($"{_running}{tests}; {_suitesDone} suites done, {_suites - _suitesDone} left");
    }
}
