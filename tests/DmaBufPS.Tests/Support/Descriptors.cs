using Xunit;

namespace DmaBufPS.Tests;

/// <summary>Counts this process's descriptors and mappings, of the kinds that the module opens, by target.</summary>
internal sealed class Descriptors
{
    private static readonly string[] s_kinds =
        ["socket:", "pipe:", "anon_inode:[eventfd]", "/memfd:", "/dmabuf", "/dev/", Path.GetTempPath()];

    private readonly Dictionary<string, int> _counts;

    private Descriptors(Dictionary<string, int> counts) => _counts = counts;

    /// <summary>Counts those that are open now.</summary>
    public static Descriptors Now()
    {
        var targets = Directory.EnumerateFileSystemEntries("/proc/self/fd")
            .Select(path => new FileInfo(path).LinkTarget)
            .OfType<string>();
        var mappings = File.ReadLines("/proc/self/maps").Select(PathOf);
        var counts = targets.Concat(mappings)
            .Where(IsOfModule)
            .GroupBy(target => target)
            .ToDictionary(group => group.Key, group => group.Count());
        return new Descriptors(counts);
    }

    /// <summary>Whether a path is open in this process.</summary>
    public bool Contain(string path) => _counts.ContainsKey(path);

    /// <summary>Whether nothing is open now that was not open at the count.</summary>
    public bool AreBack => !More().Any();

    /// <summary>Fails if anything is open now that was not open at the count.</summary>
    public void AssertNoMore() => Assert.Empty(More());

    /// <summary>Fails if anything other than this path is open now that was not open at the count.</summary>
    public void AssertNoMoreBut(string path) => Assert.All(More(), target => Assert.Equal(path, target));

    private IEnumerable<string> More() =>
        Now()._counts.Where(now => now.Value > _counts.GetValueOrDefault(now.Key)).Select(now => now.Key);

    /// <summary>
    /// Whether the module may have opened the target; the runtime's own memfd, from which it maps compiled code, does
    /// not count.
    /// </summary>
    private static bool IsOfModule(string target) =>
        s_kinds.Any(kind => target.StartsWith(kind, StringComparison.Ordinal))
        && !target.Contains("doublemapper", StringComparison.Ordinal);

    private static string PathOf(string mapping)
    {
        var start = mapping.IndexOf('/', StringComparison.Ordinal);
        return start < 0 ? "" : mapping[start..];
    }
}
