namespace DmaBuf.Build;

/// <summary>How one test ended in one place.</summary>
/// <param name="Name">The test's full name.</param>
/// <param name="Status">How it ended.</param>
/// <param name="Message">Why it was skipped, or what failed.</param>
internal sealed record TestOutcome(string Name, TestStatus Status, string Message = "");
