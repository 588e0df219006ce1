namespace DmaBuf.Build;

/// <summary>
/// Says every half minute which suite runs, how many of its tests and how many suites are done and left.
/// </summary>
internal sealed class TestProgress : IDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(30);
    private readonly Timer _timer;
    private int _suites;
    private string _running = string.Empty;
    private int _suitesBegun;
    private int _testsDone;
    private int _testsKnown;

    /// <summary>Begins to report.</summary>
    public TestProgress() => _timer = new Timer(_ => Say(), null, s_interval, s_interval);

    /// <summary>So many suites more are to run.</summary>
    public void Plan(int suites) => _suites += suites;

    /// <summary>A suite begins.</summary>
    public void Begin(string suite, string place)
    {
        _running = $"{suite} on the {place}";
        _testsDone = _testsKnown = 0;
        Report.Note($"{_running}: suite {++_suitesBegun} of {_suites}");
    }

    /// <summary>The suite has found its tests, all or some more.</summary>
    public void Found(int tests) => _testsKnown += tests;

    /// <summary>One of its tests has ended.</summary>
    public void Done() => _testsDone++;

    /// <summary>Ends the reports.</summary>
    public void Dispose() => _timer.Dispose();

    private void Say()
    {
        var left = Math.Max(0, _testsKnown - _testsDone);
        var tests = _testsKnown == 0 ? "starting" : $"{_testsDone} tests done, {left} left";
        var suites = _suitesBegun - 1;
        if (_suitesBegun > 0)
            Report.Note($"{_running}: {tests}; {suites} suites done, {_suites - suites} left");
    }
}
