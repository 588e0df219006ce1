namespace DmaBuf.Build;

/// <summary>How a test ended. For a test that ran in several places, the highest value counts.</summary>
internal enum TestStatus
{
    Skipped,
    Passed,
    Failed,
}
