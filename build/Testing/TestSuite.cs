namespace DmaBuf.Build;

/// <summary>A test program: how to run it and how to read the results it leaves.</summary>
internal abstract class TestSuite
{
    /// <summary>The suite's name.</summary>
    public abstract string Name { get; }

    /// <summary>A run that takes longer counts as failed.</summary>
    public abstract TimeSpan Limit { get; }

    /// <summary>What of the suite runs in the emulated machine.</summary>
    public virtual TestSuite InMachine => this;

    /// <summary>The words that run the suite, or only the tests whose names contain the filter.</summary>
    public abstract string[] Command(string resultFile, string? filter);

    /// <summary>Takes from a line of the running suite's output how far it is.</summary>
    public abstract void Follow(string line, TestProgress progress);

    /// <summary>The outcomes in a file that the command left.</summary>
    public abstract IEnumerable<TestOutcome> Read(string resultFile);
}
