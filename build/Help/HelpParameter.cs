namespace DmaBuf.Build;

/// <summary>What a page says about one parameter.</summary>
internal sealed record HelpParameter
{
    public required string Name { get; init; }

    /// <summary>The line where the page describes it.</summary>
    public required int Line { get; init; }

    public required IReadOnlyList<HelpBlock> Text { get; init; }

    /// <summary>The .NET name of its type.</summary>
    public required string Type { get; init; }

    public required string DefaultValue { get; init; }

    public required bool SupportsWildcards { get; init; }

    public required IReadOnlyList<string> Aliases { get; init; }

    public required IReadOnlyList<string> AcceptedValues { get; init; }

    public required IReadOnlyList<HelpParameterSet> Sets { get; init; }

    /// <summary>Its part in the parameter set of that name; null where the set does not contain it.</summary>
    public HelpParameterSet? In(string set) => Sets.FirstOrDefault(candidate => candidate.Covers(set));
}

/// <summary>A parameter's part in one parameter set, or in all of them.</summary>
internal sealed record HelpParameterSet(
    string Name, string Position, bool IsRequired, bool FromPipeline, bool FromPipelineByPropertyName)
{
    public const string All = "(All)";
    public const string Named = "Named";

    public bool IsPositional => Position != Named;

    public bool Covers(string set) => Name == All || Name == set;
}
