using System.Numerics;
using System.Runtime.CompilerServices;

namespace DmaBuf.Frames;

/// <summary>A row of <see cref="PixelPacking.Packed422"/>: four bytes for each pair.</summary>
internal readonly ref struct Packed422Row : IYuvRow
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _u;
    private readonly int _v;
    private readonly int _y;

    /// <param name="bytes">The row.</param>
    /// <param name="position">The byte of four where Cb is; Cr is two bytes from it, and luma in between.</param>
    public Packed422Row(ReadOnlySpan<byte> bytes, int position)
    {
        _bytes = bytes;
        _u = position;
        _v = position ^ 2;
        _y = 1 - (position & 1);
    }

    /// <inheritdoc/>
    public void Load(int pair, out int y0, out int y1, out int u, out int v)
    {
        var bytes = _bytes.Slice(4 * pair, 4);
        (y0, y1, u, v) = (bytes[_y], bytes[_y + 2], bytes[_u], bytes[_v]);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load(int pair, out Vector<int> y0, out Vector<int> y1, out Vector<int> u, out Vector<int> v)
    {
        var words = new Vector<uint>(_bytes.Slice(4 * pair, Vector<byte>.Count));
        y0 = Byte(words, _y);
        y1 = Byte(words, _y + 2);
        u = Byte(words, _u);
        v = Byte(words, _v);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<int> Byte(Vector<uint> words, int index)
    {
        var shift = 8 * (BitConverter.IsLittleEndian ? index : 3 - index);
        return ((words >>> shift) & new Vector<uint>(0xFF)).As<uint, int>();
    }
}
