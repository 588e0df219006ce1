namespace DmaBuf.Build;

/// <summary>Suites that run in one place, one after another.</summary>
/// <param name="Place">The place's name.</param>
/// <param name="Suites">How many they are.</param>
/// <param name="RunAsync">Makes the place and runs them.</param>
internal sealed record TestStage(string Place, int Suites, Func<TestProgress, CancellationToken, Task> RunAsync);
