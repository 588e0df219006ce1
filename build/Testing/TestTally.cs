using System.Globalization;

namespace DmaBuf.Build;

/// <summary>Collects the outcomes of all runs, by test. Stages that run at the same time add to it.</summary>
internal sealed class TestTally
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Suite, string Test), List<(string Place, TestOutcome Outcome)>> _tests = [];
    private readonly List<string> _runs = [];

    /// <summary>Whether any test failed anywhere.</summary>
    public bool HasFailures => Count(TestStatus.Failed) > 0;

    /// <summary>Whether there are no outcomes at all.</summary>
    public bool IsEmpty => _tests.Count == 0;

    /// <summary>Adds the outcomes of one run of a suite in one place.</summary>
    public void Add(string suite, string place, IReadOnlyCollection<TestOutcome> outcomes, TimeSpan time)
    {
        var passed = outcomes.Count(outcome => outcome.Status == TestStatus.Passed);
        var failed = outcomes.Count(outcome => outcome.Status == TestStatus.Failed);
        var skipped = outcomes.Count(outcome => outcome.Status == TestStatus.Skipped);
        var seconds = time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);
        var run = $"{suite,-10} {place,-8} {passed,5} passed {failed,5} failed {skipped,5} skipped {seconds,8} s";
        lock (_lock)
        {
            foreach (var outcome in outcomes)
            {
                if (!_tests.TryGetValue((suite, outcome.Name), out List<(string, TestOutcome)>? runs))
                    _tests[(suite, outcome.Name)] = runs = [];
                runs.Add((place, outcome));
            }

            _runs.Add(run);
        }
    }

    /// <summary>Adds a line that is printed with the runs.</summary>
    public void AddNote(string note)
    {
        lock (_lock)
            _runs.Add(note);
    }

    /// <summary>Prints the runs, then the skipped tests with the reasons, then the failures.</summary>
    public void PrintDetails()
    {
        Report.Line(string.Empty);
        _runs.ForEach(Report.Line);
        PrintSkipped();
        PrintFailed();
    }

    /// <summary>The last line. A test counts once: failed if it failed anywhere, skipped if it ran nowhere.</summary>
    public string Summary() =>
        $"{Count(TestStatus.Passed)} passed, {Count(TestStatus.Failed)} failed, {Count(TestStatus.Skipped)} skipped";

    private void PrintSkipped()
    {
        var elsewhere = _tests.Values.Count(runs =>
            runs.Exists(run => run.Outcome.Status == TestStatus.Skipped)
            && runs.Exists(run => run.Outcome.Status != TestStatus.Skipped));
        if (elsewhere > 0)
            Report.Line($"{elsewhere} tests that were skipped in one place ran in the other.");

        var reasons = _tests.Values
            .Where(runs => Worst(runs) == TestStatus.Skipped)
            .GroupBy(runs => runs[^1].Outcome.Message)
            .OrderByDescending(group => group.Count())
            .ToList();
        if (reasons.Count > 0)
            Report.Line("Skipped everywhere:");
        foreach (var reason in reasons)
        {
            var only = reason.Count() == 1 ? $" ({reason.Single()[0].Outcome.Name})" : string.Empty;
            Report.Line($"{reason.Count(),5}  {(reason.Key.Length == 0 ? "no reason given" : reason.Key)}{only}");
        }
    }

    private void PrintFailed()
    {
        foreach (((var suite, var test), var runs) in _tests)
        {
            var failures = runs.Where(run => run.Outcome.Status == TestStatus.Failed).ToList();
            foreach (var same in failures.GroupBy(run => run.Outcome.Message))
            {
                var places = string.Join(" and the ", same.Select(run => run.Place));
                Report.Line($"Failed: {suite} on the {places}: {test}");
                Report.Line("    " + same.Key.Replace("\n", "\n    ", StringComparison.Ordinal));
            }
        }
    }

    private int Count(TestStatus status) => _tests.Values.Count(runs => Worst(runs) == status);

    private static TestStatus Worst(List<(string Place, TestOutcome Outcome)> runs) =>
        runs.Max(run => run.Outcome.Status);
}
