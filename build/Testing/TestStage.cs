namespace DmaBuf.Build;

/// <summary>Suites that run in one place, one after another.</summary>
/// <param name="Place">The place's name.</param>
/// <param name="Suites">The number of suites.</param>
/// <param name="RunAsync">Prepares the place and runs the suites.</param>
internal sealed record TestStage(string Place, int Suites, Func<TestProgress, CancellationToken, Task> RunAsync);
