namespace DmaBuf.Build;

/// <summary>Where a suite runs.</summary>
/// <param name="Name">The place's name.</param>
/// <param name="RunAsync">Runs a command there and returns its exit code.</param>
internal sealed record TestPlace(string Name, Func<string[], CancellationToken, Task<int>> RunAsync);
