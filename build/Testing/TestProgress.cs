namespace DmaBuf.Build;

/// <summary>
/// Says every half minute which suite runs, how many of its tests are done and left, and how many suites.
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

    /// <summary>Begins to report.</summary>
    /// <param name="stages">What is to run.</param>
    public TestProgress(IEnumerable<TestStage> stages)
    {
        _suites = stages.Sum(stage => stage.Suites);
        _timer = new Timer(_ => Print(), null, s_interval, s_interval);
    }

    /// <summary>Runs a stage; suites that it does not come to count as done.</summary>
    public async Task RunAsync(TestStage stage, CancellationToken cancellationToken)
    {
        var doneAtEnd = _suitesDone + stage.Suites;
        BeginSuite($"starting the {stage.Place}");
        await stage.RunAsync(this, cancellationToken);
        _suitesDone = doneAtEnd;
    }

    /// <summary>A suite begins.</summary>
    public void BeginSuite(string name)
    {
        _running = name;
        _testsFound = _testsDone = 0;
        Report.Note(name);
    }

    /// <summary>A suite has ended.</summary>
    public void EndSuite() => _suitesDone++;

    /// <summary>Adds tests that the suite has discovered.</summary>
    public void AddTests(int count) => _testsFound += count;

    /// <summary>One of its tests has ended.</summary>
    public void EndTest() => _testsDone++;

    /// <summary>Ends the reports.</summary>
    public void Dispose() => _timer.Dispose();

    private void Print()
    {
        var tests = _testsFound == 0 ? string.Empty : $": {_testsDone} tests done, {_testsFound - _testsDone} left";
        Report.Note($"{_running}{tests}; {_suitesDone} suites done, {_suites - _suitesDone} left");
    }
}
