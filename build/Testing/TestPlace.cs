namespace DmaBuf.Build;

/// <summary>Where a suite runs.</summary>
/// <param name="Name">The place's name.</param>
/// <param name="RunAsync">Runs a command there and returns its exit code.</param>
internal sealed record TestPlace(string Name, Func<string[], CancellationToken, Task<int>> RunAsync)
{
    /// <summary>
    /// Asked after a run with failures: repairs a place that broke by itself, so that the run is repeated; false where
    /// nothing was broken, so that the failures are the tests'.
    /// </summary>
    public Func<CancellationToken, Task<bool>> RepairAsync { get; init; } = _ => Task.FromResult(false);
}
