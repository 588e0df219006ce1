namespace DmaBuf.Build;

/// <summary>A test program: how to run it and how to read the results it leaves.</summary>
internal abstract class TestSuite
{
    /// <summary>The suite's name.</summary>
    public abstract string Name { get; }

    /// <summary>The time limit; a run that takes longer counts as failed.</summary>
    public abstract TimeSpan Limit { get; }

    /// <summary>The part of the suite that runs in the emulated machine.</summary>
    public virtual TestSuite InMachine => this;

    /// <summary>The command that runs the suite, or only the tests whose names contain the filter.</summary>
    public abstract string[] Command(string resultFile, string? filter);

    /// <summary>Reads the progress from a line of the suite's output; false if the line is of another kind.</summary>
    public abstract bool Follow(string line, TestProgress progress);

    /// <summary>Reads the outcomes from the file that the command left.</summary>
    public abstract IEnumerable<TestOutcome> Read(string resultFile);
}
