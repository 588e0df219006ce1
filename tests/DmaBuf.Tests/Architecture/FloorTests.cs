using DmaBuf.Errors;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>Checks that a namespace uses only those on lower floors, in signatures and in method bodies.</summary>
public sealed class FloorTests
{
    /// <summary>The floors from the bottom up. Namespaces on the same floor do not use each other.</summary>
    private static readonly string[][] s_floors =
    [
        ["Tracing"],
        ["Interop"],
        ["Errors"],
        ["Waits"],
        ["Buffers", "Xen"],
        ["Grants"],
        ["Transport", "Discovery"],
        ["Guests"],
        ["Sharing"],
        ["Frames", "Sharing.Channels"],
    ];

    [Fact]
    public void A_namespace_uses_only_lower_floors()
    {
        var steps = Types()
            .SelectMany(type => TypeUse.Of(type)
                .Select(used => (From: Floor(type), To: Floor(used), What: $"{type} -> {used}")))
            .Where(step => step.From != step.To && Number(step.To) >= Number(step.From))
            .Select(step => step.What);
        Assert.Empty(steps.Distinct());
    }

    [Fact]
    public void Every_type_is_on_a_floor() =>
        Assert.DoesNotContain(Types().Select(Floor), floor => Number(floor) < 0);

    /// <summary>The core's types, without those that the compiler adds outside any namespace.</summary>
    private static IEnumerable<Type> Types() => typeof(DmaBufException).Assembly.GetTypes()
        .Where(type => type.Namespace is not null || !type.FullName!.Contains('<', StringComparison.Ordinal));

    private static string Floor(Type type) =>
        type.Namespace is { } name && name.StartsWith("DmaBuf.", StringComparison.Ordinal)
            ? name["DmaBuf.".Length..]
            : type.Namespace ?? "";

    private static int Number(string floor) => Array.FindIndex(s_floors, names => names.Contains(floor));
}
