using Xunit;

namespace DmaBuf.Tests;

/// <summary>
/// Counts this process's descriptors, of the kinds that the library opens, and its shared mappings of buffers.
/// </summary>
internal static class OpenDescriptors
{
    private const int Runs = 3;
    private const int Attempts = 3;

    /// <summary>
    /// Runs the action several times and fails if the number of mappings, or of any kind of descriptor, grows with each
    /// run. Descriptors that .NET itself opens or closes in the meantime do not count, and neither do those that other
    /// threads, which end with the action, close a moment later.
    /// </summary>
    public static void StayTheSame(Action action)
    {
        action();
        List<string> grown = [];
        var isCertain = false;
        for (var attempt = 0; attempt < Attempts && !isCertain; attempt++)
            grown = Grown(action, out isCertain);
        Assert.Empty(grown);
    }

    /// <summary>
    /// Returns what grew with each run and was not closed within some seconds. That is uncertain if a collection, which
    /// closes what was leaked, came in the meantime.
    /// </summary>
    private static List<string> Grown(Action action, out bool isCertain)
    {
        // Otherwise what was leaked before could be closed during the runs, and hide what they leak.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var before = Snapshot();
        for (var i = 0; i < Runs; i++)
            action();
        var collections = GC.CollectionCount(0);
        var grown = Now();
        isCertain = true;
        for (var pause = 10; grown.Count > 0 && isCertain && pause < 10_000; pause *= 2)
        {
            Thread.Sleep(pause);
            var now = Now();
            isCertain = GC.CollectionCount(0) == collections;
            if (isCertain)
                grown = now;
        }

        return grown;

        List<string> Now() =>
        [
            .. Snapshot()
                .Where(kind => kind.Value >= before.GetValueOrDefault(kind.Key) + Runs)
                .Select(kind => kind.Key),
        ];
    }

    private static Dictionary<string, int> Snapshot()
    {
        var fds = Directory.EnumerateFileSystemEntries("/proc/self/fd").Select(LinkKind).OfType<string>();
        var maps = File.ReadLines("/proc/self/maps").Where(IsBuffer).Select(_ => "mapping");
        return fds.Concat(maps).GroupBy(kind => kind).ToDictionary(group => group.Key, group => group.Count());
    }

    private static bool IsBuffer(string line) =>
        line.Contains("/dmabuf", StringComparison.Ordinal)
        || (line.Contains("/memfd:", StringComparison.Ordinal)
            && !line.Contains("doublemapper", StringComparison.Ordinal));

    /// <summary>
    /// Returns a descriptor's kind, without numbers, because inodes differ from run to run; null if it was just closed.
    /// </summary>
    private static string? LinkKind(string path)
    {
        var target = new FileInfo(path).LinkTarget;
        return target is null || target.StartsWith("/proc/", StringComparison.Ordinal)
            ? null
            : target.Split('[', '(')[0];
    }
}
