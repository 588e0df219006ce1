using System.Management.Automation;
using DmaBuf.Tracing;

namespace DmaBufPS;

/// <summary>
/// The patterns of -Name. They match a name's own characters and the escape sequences shown for them.
/// </summary>
internal static class NamePattern
{
    public static bool Matches(string pattern, string? name, WildcardOptions options) =>
        name is not null && WildcardPattern.Get(VisibleText.Of(pattern), options).IsMatch(VisibleText.Of(name));
}
