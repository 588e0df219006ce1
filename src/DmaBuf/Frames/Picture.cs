using System.Text;
using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Waits;

namespace DmaBuf.Frames;

/// <summary>A copy of a picture, as RGB.</summary>
public sealed class Picture
{
    private readonly uint[] _pixels;

    private Picture(PictureConverter converter)
    {
        Width = converter.Width;
        Height = converter.Height;
        _pixels = GC.AllocateUninitializedArray<uint>(converter.PixelCount);
    }

    /// <summary>The width in pixels.</summary>
    public int Width { get; }

    /// <summary>The height in pixels.</summary>
    public int Height { get; }

    /// <summary>The pixels, row after row: each a number of 0xFFRRGGBB.</summary>
    public ReadOnlySpan<uint> Pixels => _pixels;

    /// <summary>Copies the picture in a buffer.</summary>
    /// <exception cref="PictureException">The format is not one of a picture in this buffer.</exception>
    /// <exception cref="BufferException">Removed, NotSealed.</exception>
    /// <exception cref="KernelException">mmap, DMA_BUF_IOCTL_SYNC.</exception>
    public static Picture Read(DmaBuffer buffer, PictureFormat format)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        var converter = new PictureConverter(format);
        // Before the memory for it is allocated.
        converter.CheckFits(buffer.Size, buffer);
        var picture = new Picture(converter);
        converter.ToXrgb(buffer, picture._pixels);
        return picture;
    }

    /// <summary>
    /// The picture as lines of text for a terminal with colours of 24 bits, each character two pixels, scaled down to a
    /// number of columns and lines if it is larger.
    /// </summary>
    public IReadOnlyList<string> ToLines(int columns, int lines)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(lines, 1);
        return Encoding.UTF8.GetString(new HalfBlocks().Draw(Pixels, Width, columns, lines)).Split("\r\n");
    }

    /// <summary>Copies the picture of a frame.</summary>
    /// <returns>Null if the frame is too short for the picture, such as a damaged one.</returns>
    /// <exception cref="PictureException">The format is not one of a picture, or not of so many planes.</exception>
    internal static Picture? TryRead(Frame frame, PictureFormat format)
    {
        var converter = new PictureConverter(format);
        var picture = new Picture(converter);
        return converter.TryToXrgb(frame, picture._pixels) ? picture : null;
    }

    /// <summary>Writes the picture to a PNG file, which is created or overwritten.</summary>
    /// <exception cref="KernelException">open, write: EACCES, EISDIR, ENOSPC and others of the file system.</exception>
    /// <exception cref="OperationCanceledException">Cancelled while nobody read the pipe at the path.</exception>
    public void SavePng(string path, CancellationToken cancellation = default)
    {
        using var png = new MemoryStream();
        PngWriter.Write(png, Pixels, Width);
        using var limit = new WaitLimit(null, cancellation);
        using var file = new OutputFile(path, limit);
        file.Write(png.GetBuffer().AsSpan(0, (int)png.Length));
    }
}
