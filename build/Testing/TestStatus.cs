namespace DmaBuf.Build;

/// <summary>How a test ended; the later ones outweigh the earlier when a test ran in several places.</summary>
internal enum TestStatus
{
    Skipped,
    Passed,
    Failed,
}
