using System.IO.Enumeration;

namespace DmaBuf.Build;

/// <summary>The places in which tests run: all, or those that the user names.</summary>
internal sealed class PlaceSelection
{
    public const string Host = "host";
    public const string Machine = "machine";

    private static readonly string[] s_all =
        [Host, Machine, .. XenTests.Places, Arm64XenTests.Place, PageSizeTests.Place, KvmTests.Place];

    private readonly HashSet<string> _places;

    /// <param name="list">Names, and patterns such as xen*, with commas between them; null for all places.</param>
    /// <exception cref="BuildException">One matches no place.</exception>
    public PlaceSelection(string? list)
    {
        _places = [.. (list ?? "*").Split(',', StringSplitOptions.TrimEntries).SelectMany(Matching)];

        static IEnumerable<string> Matching(string pattern)
        {
            var found = s_all.Where(place => FileSystemName.MatchesSimpleExpression(pattern, place)).ToArray();
            return found.Length > 0
                ? found
                : throw new BuildException(
                    $"No tests run in \"{pattern}\". The places are {string.Join(", ", s_all)}.");
        }
    }

    /// <summary>Whether tests run in any of the places.</summary>
    public bool HasAny(params IEnumerable<string> places) => places.Any(_places.Contains);

    /// <summary>Leaves out what is neither here nor in the machine.</summary>
    /// <exception cref="BuildException">Nothing is left.</exception>
    public void KeepQuick()
    {
        _places.IntersectWith([Host, Machine]);
        if (_places.Count == 0)
            throw new BuildException($"-Quick runs tests in {Host} and {Machine} only.");
    }
}
