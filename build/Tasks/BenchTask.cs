namespace DmaBuf.Build;

/// <summary>Runs the benchmarks; the words after the task's name are theirs.</summary>
internal static class BenchTask
{
    public static async Task<int> RunAsync(TaskArguments arguments, CancellationToken cancellationToken)
    {
        await DebianSetup.EnsureAsync("bench", DebianSetup.Compiler, cancellationToken);
        string[] run = ["dotnet", "run", "--configuration", "Release", "--project", Repository.At("bench"), "--"];
        return await Child.RunAsync([.. run, .. arguments.TakeRest()], cancellationToken);
    }
}
