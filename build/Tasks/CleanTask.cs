using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>Removes what the tasks made: out/ and, with -Cache, the cache as well.</summary>
internal static class CleanTask
{
    public static Task<int> RunAsync(TaskArguments arguments, CancellationToken cancellationToken)
    {
        var cache = arguments.TakeSwitch("Cache");
        arguments.Finish();
        Remove(Repository.Out);
        if (cache)
            Remove(CacheFolder.Root);
        return Task.FromResult(0);
    }

    private static void Remove(string folder)
    {
        if (!Directory.Exists(folder))
            return;
        Directory.Delete(folder, recursive: true);
        Report.Line($"Removed {folder}.");
    }
}
