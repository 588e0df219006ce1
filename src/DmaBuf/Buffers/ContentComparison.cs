namespace DmaBuf.Buffers;

/// <summary>What two contents have in common.</summary>
/// <param name="Count">How many bytes were compared.</param>
/// <param name="Differences">How many of them differ, or exist on one side only.</param>
/// <param name="FirstDifference">The position of the first of those, from the offset on; null without any.</param>
public sealed record ContentComparison(long Count, long Differences, long? FirstDifference)
{
    /// <summary>Whether all bytes are equal.</summary>
    public bool IsEqual => Differences == 0;
}
