using System.Buffers.Binary;
using System.IO.Compression;
using System.Numerics;

namespace DmaBuf.Frames;

/// <summary>
/// Writes pictures as PNG files (ISO/IEC 15948), fast before small: grey pictures with one byte for each pixel, others
/// with three.
/// </summary>
public static class PngWriter
{
    private const int BitDepth = 8;
    private const byte Greyscale = 0;
    private const byte TrueColour = 2;

    // The level is zlib's. The first one of .NET's zlib finds so few matches that noise grows.
    private const int Level = 2;

    /// <summary>Writes a picture.</summary>
    /// <param name="output">What gets the file's bytes; the caller closes it.</param>
    /// <param name="pixels">The pixels, row after row, as <see cref="PictureConverter"/> gives them.</param>
    /// <param name="width">The width in pixels.</param>
    /// <exception cref="ArgumentException">The pixels are not a whole number of rows.</exception>
    public static void Write(Stream output, ReadOnlySpan<uint> pixels, int width)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        if (pixels.IsEmpty || pixels.Length % width != 0)
            throw new ArgumentException("The pixels are not a whole number of rows.", nameof(pixels));
        var isGrey = IsGrey(pixels);
        output.Write([0x89, (byte)'P', (byte)'N', (byte)'G', (byte)'\r', (byte)'\n', 0x1A, (byte)'\n']);
        using var chunks = new PngChunks(output);
        Span<byte> header = stackalloc byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header[4..], pixels.Length / width);
        header[8] = BitDepth;
        header[9] = isGrey ? Greyscale : TrueColour;
        chunks.WriteChunk("IHDR"u8, header);
        using (var zlib = new ZLibStream(
            chunks, new ZLibCompressionOptions { CompressionLevel = Level }, leaveOpen: true))
        {
            var rows = new PngRows(width, isGrey ? 1 : 3);
            for (var start = 0; start < pixels.Length; start += width)
                zlib.Write(rows.Next(pixels.Slice(start, width)));
        }

        chunks.Flush();
        chunks.WriteChunk("IEND"u8, []);
    }

    /// <summary>Whether red, green and blue are the same in each pixel.</summary>
    private static bool IsGrey(ReadOnlySpan<uint> pixels)
    {
        const uint RedAndGreen = 0x00FFFF00;
        while (pixels.Length >= Vector<uint>.Count)
        {
            // Shifted by a component, red lies over green and green over blue.
            var four = new Vector<uint>(pixels);
            if (((four ^ (four << 8)) & new Vector<uint>(RedAndGreen)) != Vector<uint>.Zero)
                return false;
            pixels = pixels[Vector<uint>.Count..];
        }

        foreach (var pixel in pixels)
        {
            if (((pixel ^ (pixel << 8)) & RedAndGreen) != 0)
                return false;
        }

        return true;
    }
}
