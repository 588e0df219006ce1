using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace DmaBuf.Frames;

/// <summary>
/// The equations of ITU-R BT.601 and BT.709 in fixed-point arithmetic of 16 fractional bits, whose error is below 0.01
/// of a step.
/// </summary>
internal sealed class YuvEquations
{
    private const int FractionBits = 16;
    private const uint Opaque = 0xFF000000;

    private readonly int _luma;
    private readonly int _redV;
    private readonly int _greenU;
    private readonly int _greenV;
    private readonly int _blueU;

    // What the offsets of luma and chroma contribute, and half a step for rounding.
    private readonly int _red;
    private readonly int _green;
    private readonly int _blue;

    public YuvEquations(ColorEncoding encoding, ColorRange range)
    {
        var (kr, kb) = encoding == ColorEncoding.Bt709 ? (0.2126, 0.0722) : (0.299, 0.114);
        var kg = 1 - kr - kb;
        var isFull = range == ColorRange.Full;
        var (black, lumaScale, chromaScale) = isFull ? (0, 1.0, 1.0) : (16, 255.0 / 219, 255.0 / 224);
        _luma = Fixed(lumaScale);
        _redV = Fixed(2 * (1 - kr) * chromaScale);
        _blueU = Fixed(2 * (1 - kb) * chromaScale);
        _greenU = Fixed(-2 * (1 - kb) * kb / kg * chromaScale);
        _greenV = Fixed(-2 * (1 - kr) * kr / kg * chromaScale);
        var offset = (1 << (FractionBits - 1)) - (black * _luma);
        _red = offset - (128 * _redV);
        _green = offset - (128 * (_greenU + _greenV));
        _blue = offset - (128 * _blueU);
    }

    /// <summary>Whether rows are converted in vectors. Wider ones than of 256 bits are an option of .NET's.</summary>
    private static bool HasVectors => Vector.IsHardwareAccelerated && Vector<int>.Count is 4 or 8;

    /// <summary>The pixel of each value of luma without colour.</summary>
    public uint[] Greys() => [.. Enumerable.Range(0, 256).Select(y => Pixel(y, 128, 128))];

    /// <summary>Converts a row. Optimized from the start: the first picture may be the only one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Convert<TRow>(TRow row, Span<uint> target)
        where TRow : IYuvRow, allows ref struct
    {
        var whole = target.Length / 2;
        var pair = 0;
        if (HasVectors && whole >= Vector<int>.Count)
        {
            for (; pair <= whole - Vector<int>.Count; pair += Vector<int>.Count)
                ConvertVector(row, pair, target);
            // The last vector may overlap the one before it.
            if (pair < whole)
                ConvertVector(row, whole - Vector<int>.Count, target);
            pair = whole;
        }

        for (; pair < whole; pair++)
        {
            row.Load(pair, out int y0, out var y1, out var u, out var v);
            target[2 * pair] = Pixel(y0, u, v);
            target[(2 * pair) + 1] = Pixel(y1, u, v);
        }

        if (2 * whole < target.Length)
        {
            row.Load(whole, out int y, out _, out var u, out var v);
            target[2 * whole] = Pixel(y, u, v);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ConvertVector<TRow>(TRow row, int pair, Span<uint> target)
        where TRow : IYuvRow, allows ref struct
    {
        row.Load(pair, out Vector<int> y0, out var y1, out var u, out var v);
        var red = (v * _redV) + new Vector<int>(_red);
        var green = (u * _greenU) + (v * _greenV) + new Vector<int>(_green);
        var blue = (u * _blueU) + new Vector<int>(_blue);
        var even = Pixels(y0 * _luma, red, green, blue);
        var odd = Pixels(y1 * _luma, red, green, blue);

        // Even and odd pixels alternate in the row: as numbers of 64 bits, each odd one is the upper half.
        Vector.Widen(even, out var evenLow, out var evenHigh);
        Vector.Widen(odd, out var oddLow, out var oddHigh);
        if (!BitConverter.IsLittleEndian)
            (evenLow, evenHigh, oddLow, oddHigh) = (oddLow, oddHigh, evenLow, evenHigh);
        var pixels = MemoryMarshal.AsBytes(target.Slice(2 * pair, 2 * Vector<int>.Count));
        (evenLow | (oddLow << 32)).As<ulong, byte>().CopyTo(pixels);
        (evenHigh | (oddHigh << 32)).As<ulong, byte>().CopyTo(pixels[Vector<byte>.Count..]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<uint> Pixels(Vector<int> luma, Vector<int> red, Vector<int> green, Vector<int> blue)
    {
        var r = Component(luma + red);
        var g = Component(luma + green);
        var b = Component(luma + blue);
        return ((r << 16) | (g << 8) | b).As<int, uint>() | new Vector<uint>(Opaque);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector<int> Component(Vector<int> value) =>
        Vector.Min(Vector.Max(value >> FractionBits, Vector<int>.Zero), new Vector<int>(255));

    private uint Pixel(int y, int u, int v)
    {
        var luma = y * _luma;
        var r = Component(luma + (v * _redV) + _red);
        var g = Component(luma + (u * _greenU) + (v * _greenV) + _green);
        var b = Component(luma + (u * _blueU) + _blue);
        return (r << 16) | (g << 8) | b | Opaque;
    }

    private static uint Component(int value) => (uint)Math.Clamp(value >> FractionBits, 0, 255);

    private static int Fixed(double value) => (int)Math.Round(value * (1 << FractionBits));
}
