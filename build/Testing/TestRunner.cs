using System.Diagnostics;
using System.Text.Json;
using System.Xml;
using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>Runs suites in places and collects their outcomes.</summary>
internal sealed class TestRunner(TestTally tally, string? filter)
{
    /// <summary>How many lines of its output are shown when a suite ends without results.</summary>
    private const int LinesKept = 20;

    /// <summary>The folder in which the suites leave their results.</summary>
    public static string ResultFolder { get; } = Path.Combine(Repository.Out, "test-results");

    /// <summary>Runs a suite; a suite that ends without results counts as a failed test.</summary>
    public Task RunAsync(
        TestSuite suite, TestPlace place, TestProgress progress, CancellationToken cancellationToken) =>
        RunAsync(suite.Name, place, progress, stop => RunOnceAsync(suite, place, progress, stop), cancellationToken);

    /// <summary>Runs tests that this program performs itself, and counts their outcomes.</summary>
    public async Task RunAsync(
        string suite,
        TestPlace place,
        TestProgress progress,
        Func<CancellationToken, Task<List<TestOutcome>>> run,
        CancellationToken cancellationToken)
    {
        progress.BeginSuite($"{suite} on the {place.Name}");
        var time = Stopwatch.StartNew();
        tally.Add(suite, place.Name, await run(cancellationToken), time.Elapsed);
        progress.EndSuite();
    }

    private async Task<List<TestOutcome>> RunOnceAsync(
        TestSuite suite, TestPlace place, TestProgress progress, CancellationToken cancellationToken)
    {
        var resultFile = Path.Combine(ResultFolder, $"{suite.Name}-{place.Name}");
        File.Delete(resultFile);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(suite.Limit);
        List<TestOutcome> outcomes = [];
        string? trouble = null;
        int? code = null;
        var lines = new Queue<string>();
        try
        {
            await using var output = new LineStream(Take);
            var words = suite.Command(resultFile, filter, place.IsEmulated);
            code = await place.RunCommandAsync(words, output, limit.Token);
            outcomes.AddRange(suite.Read(resultFile));
            if (outcomes.Count == 0)
                trouble = filter is null ? $"it ran no test and ended with exit code {code}" : null;
            else if (code != 0 && outcomes.TrueForAll(outcome => outcome.Status != TestStatus.Failed))
                trouble = $"no test failed, but it ended with exit code {code}";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            trouble = $"it did not end within {suite.Limit.TotalMinutes} minutes";
        }
        catch (Exception failure) when (failure is IOException or XmlException or JsonException)
        {
            trouble = $"it left no readable results and ended with exit code {code} ({failure.Message})";
        }
        catch (LabException failure)
        {
            trouble = failure.Message;
        }

        if (trouble is not null)
        {
            var message = string.Join('\n', lines.Prepend(trouble));
            outcomes.Add(new TestOutcome("the whole suite", TestStatus.Failed, message));
        }

        return outcomes;

        void Take(string line)
        {
            if (suite.Follow(line, progress))
                return;
            lines.Enqueue(line);
            if (lines.Count > LinesKept)
                lines.Dequeue();
        }
    }
}
