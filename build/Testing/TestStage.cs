namespace DmaBuf.Build;

/// <summary>Suites that run in one place, one after another.</summary>
/// <param name="Suites">How many they are.</param>
/// <param name="RunAsync">Makes the place and runs them.</param>
internal sealed record TestStage(int Suites, Func<CancellationToken, Task> RunAsync);
