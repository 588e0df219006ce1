using System.Globalization;
using System.Text;
using DmaBuf.Buffers;
using DmaBuf.Errors;

namespace DmaBuf.Frames;

/// <summary>The first line of a YUV4MPEG2 file.</summary>
/// <param name="Width">The width in pixels.</param>
/// <param name="Height">The height in pixels.</param>
/// <param name="PixelFormat">The pixel format of its colour space.</param>
/// <param name="FrameRate">Frames a second; null where the file does not tell.</param>
internal sealed record Y4mHeader(int Width, int Height, FourCC PixelFormat, double? FrameRate)
{
    private const int MostBytes = 256;

    /// <summary>What such a file begins with.</summary>
    public static ReadOnlySpan<byte> Magic => "YUV4MPEG2 "u8;

    /// <summary>What each frame begins with.</summary>
    public static ReadOnlySpan<byte> FrameMagic => "FRAME"u8;

    /// <summary>Reads the rest of the line, after the magic.</summary>
    /// <exception cref="VideoException">BadFile.</exception>
    public static Y4mHeader Read(InputFile file)
    {
        var line = new byte[MostBytes];
        var words = Encoding.ASCII.GetString(line, 0, ReadLine(file, line)).Split(' ');
        var (width, height) = (Number('W'), Number('H'));
        if (width is < 1 or > PictureConverter.MaxSide || height is < 1 or > PictureConverter.MaxSide)
            throw Bad(file, $"has pictures of {width}x{height} pixels");
        return new Y4mHeader(width, height, FormatOf(Word('C') ?? "420"), Rate(Word('F')));

        string? Word(char tag) => Array.Find(words, word => word.Length > 0 && word[0] == tag)?[1..];

        int Number(char tag) =>
            int.TryParse(Word(tag), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

        FourCC FormatOf(string space) => space switch
        {
            "mono" => FourCC.Parse("GREY"),
            "420" or "420jpeg" or "420mpeg2" or "420paldv" => FourCC.Parse("YU12"),
            "422" => FourCC.Parse("422P"),
            _ => throw Bad(file, $"has the colour space '{space}', not 420, 422 or mono"),
        };
    }

    /// <summary>Reads the line before a frame, after its magic.</summary>
    /// <exception cref="VideoException">BadFile.</exception>
    public static void SkipFrameLine(InputFile file)
    {
        Span<byte> line = stackalloc byte[MostBytes];
        ReadLine(file, line);
    }

    /// <summary>The failure of a file that is no such file.</summary>
    public static VideoException Bad(InputFile file, string what) => new(VideoFault.BadFile,
        $"{file.Path} {what}.", "Use a file of raw frames with its size and pixel format, or a YUV4MPEG2 file.");

    /// <returns>The bytes before the end of the line.</returns>
    private static int ReadLine(InputFile file, Span<byte> line)
    {
        for (var i = 0; i < line.Length; i++)
        {
            if (file.Fill(line.Slice(i, 1)) == 0)
                throw Bad(file, "ends in the middle of a line");
            if (line[i] == '\n')
                return i;
        }

        throw Bad(file, $"has a line of more than {MostBytes} bytes");
    }

    private static double? Rate(string? text)
    {
        var parts = text?.Split(':') ?? [];
        return parts.Length == 2
            && double.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var frames)
            && double.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            && frames > 0 && seconds > 0
            ? frames / seconds
            : null;
    }
}
