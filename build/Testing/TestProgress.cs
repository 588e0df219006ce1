namespace DmaBuf.Build;

/// <summary>How far a stage is: its suites, and the tests of the suite that runs.</summary>
/// <param name="stage">The stage.</param>
internal sealed class TestProgress(TestStage stage)
{
    private string _running = $"starting the {stage.Place}";
    private int _suitesDone;
    private int _testsFound;
    private int _testsDone;

    /// <summary>The number of suites that have not ended.</summary>
    public int SuitesLeft => stage.Suites - _suitesDone;

    /// <summary>Notes that a suite begins.</summary>
    public void BeginSuite(string name)
    {
        _running = name;
        _testsFound = _testsDone = 0;
        Report.Note(name);
    }

    /// <summary>Notes that a suite has ended.</summary>
    public void EndSuite() => _suitesDone++;

    /// <summary>Notes how many tests the suite has in all.</summary>
    public void SetTests(int count) => _testsFound = count;

    /// <summary>Notes that one of its tests has ended.</summary>
    public void EndTest() => _testsDone++;

    /// <summary>The suite that runs, and how many of its tests are done and left.</summary>
    public override string ToString() =>
        _testsFound == 0 ? _running : $"{_running}: {_testsDone} tests done, {_testsFound - _testsDone} left";
}
