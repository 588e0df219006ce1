using System.Numerics;

namespace DmaBuf.Buffers;

/// <summary>
/// Counts the bytes that differ between two contents, piece by piece. Each byte is read once, so that the count and the
/// first difference agree even if the memory changes in the meantime.
/// </summary>
internal struct DifferenceCounter
{
    private long _compared;
    private long _differences;
    private long? _first;

    /// <summary>The result so far.</summary>
    public readonly ContentComparison Result => new(_compared, _differences, _first);

    /// <summary>Compares two pieces of the same length, which follow those before.</summary>
    public void Add(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        var i = 0;
        for (; i <= left.Length - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            var equal = Vector.Equals(new Vector<byte>(left[i..]), new Vector<byte>(right[i..]));
            if (equal != Vector<byte>.AllBitsSet)
                Note(i + Vector.IndexOf(equal, (byte)0), Vector.Count(equal, (byte)0));
        }

        for (; i < left.Length; i++)
        {
            if (left[i] != right[i])
                Note(i, 1);
        }

        _compared += left.Length;
    }

    /// <summary>Counts bytes that only one of the contents has.</summary>
    public void AddUnmatched(long count)
    {
        if (count > 0)
            Note(0, count);
        _compared += count;
    }

    private void Note(int index, long count)
    {
        _first ??= _compared + index;
        _differences += count;
    }
}
