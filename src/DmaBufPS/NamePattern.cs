using System.Management.Automation;
using DmaBuf.Tracing;

namespace DmaBufPS;

/// <summary>The patterns of -Name: a name is found by its own characters and by what is shown of them.</summary>
internal static class NamePattern
{
    public static bool Matches(string pattern, string? name, WildcardOptions options) =>
        name is not null && WildcardPattern.Get(VisibleText.Of(pattern), options).IsMatch(VisibleText.Of(name));
}
