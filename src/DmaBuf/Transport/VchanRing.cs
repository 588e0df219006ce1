namespace DmaBuf.Transport;

/// <summary>
/// One direction of a vchan: a ring of bytes in memory that the peer can change at any time. This side either reads it
/// or writes it; it keeps its own index to itself, and checks the peer's each time.
/// </summary>
/// <param name="indices">struct ring_shared: the 32-bit counts of bytes read and written.</param>
/// <param name="data">The bytes.</param>
/// <param name="order">The binary logarithm of their number.</param>
internal sealed unsafe class VchanRing(uint* indices, byte* data, int order)
{
    private readonly uint* _read = indices;
    private readonly uint* _written = indices + 1;
    private readonly uint _size = 1u << order;
    private uint _own;

    /// <summary>The number of bytes to read; negative if the peer's index is impossible.</summary>
    public int Ready => Checked(Volatile.Read(ref *_written) - _own);

    /// <summary>The number of bytes that the peer has not read yet; negative if its index is impossible.</summary>
    public int Unread => Checked(_own - Volatile.Read(ref *_read));

    /// <summary>The number of bytes that can be written; negative if the peer's index is impossible.</summary>
    public int Space => Unread is >= 0 and var unread ? (int)_size - unread : -1;

    /// <summary>Reads the bytes that are there, at most as many as fit.</summary>
    /// <returns>Their number; negative if the peer's index is impossible.</returns>
    public int Read(Span<byte> bytes)
    {
        var count = Math.Min(Ready, bytes.Length);
        if (count <= 0)
            return count;
        var first = Math.Min(count, ToEnd);
        new ReadOnlySpan<byte>(data + Start, first).CopyTo(bytes);
        new ReadOnlySpan<byte>(data, count - first).CopyTo(bytes[first..]);
        Advance(_read, count);
        return count;
    }

    /// <summary>Writes as many of the bytes as there is room for.</summary>
    /// <returns>Their number; negative if the peer's index is impossible.</returns>
    public int Write(ReadOnlySpan<byte> bytes)
    {
        var count = Math.Min(Space, bytes.Length);
        if (count <= 0)
            return count;
        var first = Math.Min(count, ToEnd);
        bytes[..first].CopyTo(new Span<byte>(data + Start, first));
        bytes[first..count].CopyTo(new Span<byte>(data, count - first));
        Advance(_written, count);
        return count;
    }

    private uint Start => _own & (_size - 1);

    private int ToEnd => (int)(_size - Start);

    private int Checked(uint count) => count <= _size ? (int)count : -1;

    private void Advance(uint* index, int count)
    {
        _own += (uint)count;
        Volatile.Write(ref *index, _own);
    }
}
