using System.Numerics;
using System.Runtime.CompilerServices;

namespace DmaBuf.Frames;

/// <summary>
/// The rows of a PNG file before compression, each with the filter that seems to suit it best: no filter, the
/// difference from the pixel to the left, or that from the pixel above.
/// </summary>
internal sealed class PngRows
{
    private const byte None = 0;
    private const byte Sub = 1;
    private const byte Up = 2;

    // Prime, so that all three components are looked at.
    private const int SampleStep = 7;

    private readonly int _bytesPerPixel;
    private readonly byte[] _output;
    private byte[] _row;
    private byte[] _above;

    /// <param name="width">The width in pixels.</param>
    /// <param name="bytesPerPixel">1 for grey, 3 for colour.</param>
    public PngRows(int width, int bytesPerPixel)
    {
        _bytesPerPixel = bytesPerPixel;
        _row = new byte[width * bytesPerPixel];
        _above = new byte[_row.Length];
        _output = new byte[1 + _row.Length];
    }

    /// <summary>The next row: the filter's number, and the filtered bytes. Valid until the one after it.</summary>
    public ReadOnlySpan<byte> Next(ReadOnlySpan<uint> pixels)
    {
        (_row, _above) = (_above, _row);
        if (_bytesPerPixel == 1)
        {
            for (var i = 0; i < pixels.Length; i++)
                _row[i] = (byte)pixels[i];
        }
        else
        {
            RgbRows.ToRgb24(pixels, _row);
        }

        var filter = ChooseFilter();
        _output[0] = filter;
        var target = _output.AsSpan(1);
        switch (filter)
        {
            case Sub:
                _row.AsSpan(0, _bytesPerPixel).CopyTo(target);
                Subtract(_row.AsSpan(_bytesPerPixel), _row, target[_bytesPerPixel..]);
                break;
            case Up:
                Subtract(_row, _above, target);
                break;
            default:
                _row.CopyTo(target);
                break;
        }

        return _output;
    }

    /// <summary>
    /// The filter whose bytes, as signed numbers, are nearest to zero: the rule that the PNG specification recommends,
    /// applied to a sample.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private byte ChooseFilter()
    {
        var (none, sub, up) = (0, 0, 0);
        for (var i = _bytesPerPixel; i < _row.Length; i += SampleStep)
        {
            var value = _row[i];
            none += Math.Abs((int)(sbyte)value);
            sub += Math.Abs((int)(sbyte)(value - _row[i - _bytesPerPixel]));
            up += Math.Abs((int)(sbyte)(value - _above[i]));
        }

        return up <= sub && up < none ? Up : sub < none ? Sub : None;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Subtract(ReadOnlySpan<byte> from, ReadOnlySpan<byte> what, Span<byte> target)
    {
        var i = 0;
        for (; i <= from.Length - Vector<byte>.Count; i += Vector<byte>.Count)
            (new Vector<byte>(from[i..]) - new Vector<byte>(what[i..])).CopyTo(target[i..]);
        for (; i < from.Length; i++)
            target[i] = (byte)(from[i] - what[i]);
    }
}
