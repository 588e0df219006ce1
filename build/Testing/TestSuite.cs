namespace DmaBuf.Build;

/// <summary>A test program: how to run it and how to read the results it leaves.</summary>
internal abstract class TestSuite
{
    /// <summary>The suite's name.</summary>
    public abstract string Name { get; }

    /// <summary>The time limit; a run that takes longer counts as failed.</summary>
    public abstract TimeSpan Limit { get; }

    /// <summary>
    /// The command that runs the suite, or the part of it that runs where the processor is emulated; with a filter,
    /// only the tests whose names contain it.
    /// </summary>
    public abstract string[] Command(string resultFile, string? filter, bool isEmulated);

    /// <summary>Makes what the suite needs to run where the processor is emulated.</summary>
    public virtual Task PrepareForEmulationAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Reads the progress from a line of the suite's output; false if the line is of another kind.</summary>
    public abstract bool Follow(string line, TestProgress progress);

    /// <summary>Reads the outcomes from the file that the command left.</summary>
    public abstract IEnumerable<TestOutcome> Read(string resultFile);
}
