namespace DmaBuf.Bench;

/// <summary>
/// One line of the closing table: this project's time beside C's, or beside that of whatever the scenario names.
/// </summary>
/// <param name="Scenario">What was measured.</param>
/// <param name="Size">The number of bytes; 0 where it does not apply.</param>
/// <param name="Ours">Our time in milliseconds, or a number in <paramref name="Unit"/>.</param>
/// <param name="Other">The same for C; 0 where there is none.</param>
/// <param name="Target">What must be reached, in words; empty where there is no target.</param>
/// <param name="Reached">Whether the target was reached.</param>
/// <param name="Unit">The unit of the numbers.</param>
internal sealed record Row(
    string Scenario, long Size, double Ours, double Other, string Target = "", bool Reached = true, string Unit = "ms")
{
    /// <summary>The other time divided by ours: above 1, ours is faster.</summary>
    public double Ratio => Other / Ours;

    /// <summary>A row whose target is a ratio.</summary>
    public static Row WithRatio(string scenario, long size, double ours, double other, double? target) =>
        target is { } least
            ? new Row(scenario, size, ours, other, $"ratio >= {least:0.00}", other / ours >= least)
            : new Row(scenario, size, ours, other);
}
