namespace DmaBuf.Bench;

/// <summary>One line of the closing table: this project's time beside C's, or beside another thing named in the scenario.</summary>
/// <param name="Scenario">What was done.</param>
/// <param name="Size">On how many bytes; 0 where that means nothing.</param>
/// <param name="Ours">Milliseconds, or the unit of <paramref name="Unit"/>.</param>
/// <param name="Other">The same for C; 0 where there is none.</param>
/// <param name="Target">What must be reached, in words; empty for a row that only informs.</param>
/// <param name="Reached">Whether it was.</param>
/// <param name="Unit">The unit of the numbers.</param>
internal sealed record Row(string Scenario, long Size, double Ours, double Other, string Target = "", bool Reached = true, string Unit = "ms")
{
    /// <summary>The other's time by ours: 1 is as fast, more is faster.</summary>
    public double Ratio => Other / Ours;

    /// <summary>A row whose target is a ratio.</summary>
    public static Row WithRatio(string scenario, long size, double ours, double other, double? target) => target is { } least
        ? new Row(scenario, size, ours, other, $"ratio >= {least:0.00}", other / ours >= least)
        : new Row(scenario, size, ours, other);
}
