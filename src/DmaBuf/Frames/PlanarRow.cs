using System.Numerics;
using System.Runtime.CompilerServices;

namespace DmaBuf.Frames;

/// <summary>
/// A row of <see cref="PixelPacking.Planar420"/> or <see cref="PixelPacking.Planar422"/>: two bytes of luma and two of
/// chroma for each pair.
/// </summary>
internal readonly ref struct PlanarRow : IYuvRow
{
    private readonly ReadOnlySpan<byte> _luma;
    private readonly ReadOnlySpan<byte> _u;
    private readonly ReadOnlySpan<byte> _v;

    public PlanarRow(ReadOnlySpan<byte> luma, ReadOnlySpan<byte> u, ReadOnlySpan<byte> v)
    {
        _luma = luma;
        _u = u;
        _v = v;
    }

    /// <inheritdoc/>
    public void Load(int pair, out int y0, out int y1, out int u, out int v)
    {
        y0 = _luma[2 * pair];
        y1 = (2 * pair) + 1 < _luma.Length ? _luma[(2 * pair) + 1] : 0;
        (u, v) = (_u[pair], _v[pair]);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load(int pair, out Vector<int> y0, out Vector<int> y1, out Vector<int> u, out Vector<int> v)
    {
        WidenedBytes.LoadPairs(_luma, 2 * pair, out y0, out y1);
        u = WidenedBytes.Load(_u, pair);
        v = WidenedBytes.Load(_v, pair);
    }
}
