using DmaBuf.Buffers;

namespace DmaBufPS;

/// <summary>How a range of a buffer compares with other content.</summary>
/// <param name="Buffer">The buffer.</param>
/// <param name="Equal">Whether all bytes are equal.</param>
/// <param name="FirstDifference">The offset in the buffer of the first byte that differs; null if none does.</param>
/// <param name="Differences">How many bytes differ, or exist on one side only.</param>
/// <param name="Offset">The first byte compared.</param>
/// <param name="Count">How many bytes were compared.</param>
public sealed record DmaBufComparison(
    DmaBuffer Buffer, bool Equal, long? FirstDifference, long Differences, long Offset, long Count);
