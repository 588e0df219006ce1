using System.Buffers.Text;

namespace DmaBuf.Frames;

/// <summary>
/// Draws pictures as text: each character is an upper half block, whose two colours of 24 bits are two pixels. Drawing
/// allocates nothing while the sizes stay the same.
/// </summary>
internal sealed class HalfBlocks
{
    // A character with both of its colours, and a line's end.
    private const int MostBytesPerCell = 48;
    private const int MostBytesPerLineEnd = 8;
    private const uint NoColour = 0;

    private byte[] _bytes = [];
    private int _count;

    /// <summary>The columns of the last picture.</summary>
    public int Columns { get; private set; }

    /// <summary>The lines of the last picture.</summary>
    public int Lines { get; private set; }

    /// <summary>Draws a picture, scaled down to a number of columns and lines if it is larger.</summary>
    /// <returns>UTF-8. Each line ends with \r\n, but not the last one.</returns>
    public ReadOnlySpan<byte> Draw(ReadOnlySpan<uint> pixels, int width, int columns, int lines)
    {
        var height = pixels.Length / width;
        var scale = Math.Min(1, Math.Min((double)columns / width, 2.0 * lines / height));
        var scaledHeight = Math.Max(1, (int)(height * scale));
        Columns = Math.Max(1, (int)(width * scale));
        Lines = (scaledHeight + 1) / 2;
        var most = Lines * ((Columns * MostBytesPerCell) + MostBytesPerLineEnd);
        if (_bytes.Length < most)
            _bytes = new byte[most];
        _count = 0;
        for (var line = 0; line < Lines; line++)
        {
            if (line > 0)
                Append("\r\n"u8);
            var (upperBefore, lowerBefore) = (NoColour, NoColour);
            for (var column = 0; column < Columns; column++)
            {
                var upper = Average(pixels, width, height, column, 2 * line, scaledHeight);
                var lower = (2 * line) + 1 < scaledHeight
                    ? Average(pixels, width, height, column, (2 * line) + 1, scaledHeight)
                    : NoColour;
                if (upper != upperBefore)
                    AppendColour("\e[38;2;"u8, upper);
                if (lower != lowerBefore)
                    AppendColour("\e[48;2;"u8, lower);
                (upperBefore, lowerBefore) = (upper, lower);
                Append("▀"u8);
            }

            Append("\e[0m"u8);
        }

        return _bytes.AsSpan(0, _count);
    }

    /// <summary>The mean of the pixels that one scaled pixel stands for.</summary>
    private uint Average(ReadOnlySpan<uint> pixels, int width, int height, int column, int row, int scaledHeight)
    {
        var (left, right) = Range(column, width, Columns);
        var (top, bottom) = Range(row, height, scaledHeight);
        var (red, green, blue) = (0L, 0L, 0L);
        for (var y = top; y < bottom; y++)
        {
            foreach (var pixel in pixels[((y * width) + left)..((y * width) + right)])
            {
                red += (byte)(pixel >> 16);
                green += (byte)(pixel >> 8);
                blue += (byte)pixel;
            }
        }

        var count = (long)(right - left) * (bottom - top);
        return 0xFF000000 | (uint)(red / count << 16) | (uint)(green / count << 8) | (uint)(blue / count);
    }

    private static (int From, int To) Range(int index, int size, int count)
    {
        var from = (int)((long)index * size / count);
        return (from, Math.Max(from + 1, (int)((index + 1L) * size / count)));
    }

    private void AppendColour(ReadOnlySpan<byte> start, uint pixel)
    {
        Append(start);
        Append((byte)(pixel >> 16));
        Append(";"u8);
        Append((byte)(pixel >> 8));
        Append(";"u8);
        Append((byte)pixel);
        Append("m"u8);
    }

    private void Append(byte number)
    {
        Utf8Formatter.TryFormat(number, _bytes.AsSpan(_count), out var written);
        _count += written;
    }

    private void Append(ReadOnlySpan<byte> text)
    {
        text.CopyTo(_bytes.AsSpan(_count));
        _count += text.Length;
    }
}
