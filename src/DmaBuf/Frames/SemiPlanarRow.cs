using System.Numerics;
using System.Runtime.CompilerServices;

namespace DmaBuf.Frames;

/// <summary>A row of <see cref="PixelPacking.SemiPlanar420"/>: two bytes of each plane for each pair.</summary>
internal readonly ref struct SemiPlanarRow : IYuvRow
{
    private readonly ReadOnlySpan<byte> _luma;
    private readonly ReadOnlySpan<byte> _chroma;
    private readonly int _u;

    /// <param name="luma">The row of luma.</param>
    /// <param name="chroma">The row of chroma.</param>
    /// <param name="position">The byte of two where Cb is.</param>
    public SemiPlanarRow(ReadOnlySpan<byte> luma, ReadOnlySpan<byte> chroma, int position)
    {
        _luma = luma;
        _chroma = chroma;
        _u = position;
    }

    /// <inheritdoc/>
    public void Load(int pair, out int y0, out int y1, out int u, out int v)
    {
        y0 = _luma[2 * pair];
        y1 = (2 * pair) + 1 < _luma.Length ? _luma[(2 * pair) + 1] : 0;
        u = _chroma[(2 * pair) + _u];
        v = _chroma[(2 * pair) + 1 - _u];
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Load(int pair, out Vector<int> y0, out Vector<int> y1, out Vector<int> u, out Vector<int> v)
    {
        WidenedBytes.LoadPairs(_luma, 2 * pair, out y0, out y1);
        WidenedBytes.LoadPairs(_chroma, 2 * pair, out u, out v);
        if (_u != 0)
            (u, v) = (v, u);
    }
}
