using DmaBuf.Buffers;
using DmaBuf.Errors;

namespace DmaBuf.Frames;

/// <summary>The frames of a file: raw, one after another, or in the YUV4MPEG2 format (Y4M).</summary>
public sealed class FileSource : TimedSource
{
    private readonly InputFile _file;
    private readonly bool _isY4m;
    private readonly bool _loops;
    private readonly byte[] _start;
    private int _startUsed;
    private bool _hasFrames;

    private FileSource(
        InputFile file, byte[] start, Y4mHeader? header, StreamFormat format, SourceOptions options, double frameRate,
        Func<long, DmaBuffer> allocate)
        : base(format, frameRate, allocate)
    {
        _file = file;
        _isY4m = header is not null;
        _loops = options.Loop;
        // What was read to see which kind of file it is belongs to the first raw frames.
        _start = start;
        _startUsed = _isY4m ? start.Length : 0;
    }

    /// <inheritdoc/>
    public override string Name => _file.Path;

    /// <inheritdoc/>
    private protected override bool CanSkip => false;

    /// <summary>Opens a file. A Y4M file tells its size and format itself.</summary>
    /// <param name="options">The file, and what it does not tell.</param>
    /// <param name="allocate">Makes the buffers, by their size in bytes.</param>
    /// <param name="stop">Ends the wait for what is written into a pipe.</param>
    /// <exception cref="KernelException">open, read.</exception>
    /// <exception cref="VideoException">BadFile: it is cut off, or differs from the options.</exception>
    /// <exception cref="PictureException">UnknownFormat, BadSize.</exception>
    internal static FileSource Open(SourceOptions options, Func<long, DmaBuffer> allocate, CancellationToken stop)
    {
        var file = new InputFile(options.File!, stop);
        try
        {
            var start = new byte[Y4mHeader.Magic.Length];
            var count = file.Fill(start);
            var header = Y4mHeader.Magic.SequenceEqual(start) ? Y4mHeader.Read(file) : null;
            if (header is not null)
                CheckAgrees(file, header, options);
            var width = header?.Width ?? options.Width ?? SourceOptions.DefaultWidth;
            var height = header?.Height ?? options.Height ?? SourceOptions.DefaultHeight;
            var format = header?.PixelFormat ?? options.PixelFormat ?? SourceOptions.DefaultFormat;
            var rate = options.FrameRate ?? header?.FrameRate ?? DefaultRate;
            var size = PixelFormats.SizeOf(format, width, height);
            return new FileSource(
                file,
                start[..count],
                header,
                new StreamFormat(width, height, format, size, options.BufferCount),
                options,
                rate,
                allocate);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _file.Dispose();
    }

    /// <inheritdoc/>
    private protected override bool TryFill(DmaBuffer buffer, ulong number)
    {
        if (TryRead(buffer))
            return true;
        if (!_loops || !_hasFrames)
            return false;
        _file.Rewind();
        if (_isY4m)
        {
            _file.Fill(stackalloc byte[Y4mHeader.Magic.Length]);
            Y4mHeader.Read(_file);
        }

        return TryRead(buffer);
    }

    private static void CheckAgrees(InputFile file, Y4mHeader header, SourceOptions options)
    {
        if ((options.Width ?? header.Width, options.Height ?? header.Height) != (header.Width, header.Height)
            || (options.PixelFormat ?? header.PixelFormat) != header.PixelFormat)
        {
            throw Y4mHeader.Bad(
                file, $"has pictures of {header.Width}x{header.Height} {header.PixelFormat}, and others are wanted");
        }
    }

    private bool TryRead(DmaBuffer buffer)
    {
        if (_isY4m && !TrySkipToFrame())
            return false;
        using var view = buffer.OpenView(BufferAccess.ReadWrite);
        var frame = view.WritableSlice(0, Format.SizeImage);
        var count = Math.Min(_start.Length - _startUsed, frame.Length);
        _start.AsSpan(_startUsed, count).CopyTo(frame);
        _startUsed += count;
        count += _file.Fill(frame[count..]);
        if (count == 0 && !_isY4m)
            return false;
        if (count < frame.Length)
        {
            throw Y4mHeader.Bad(
                _file, $"ends in the middle of a frame: {count} of {frame.Length} bytes are there");
        }

        _hasFrames = true;
        return true;
    }

    private bool TrySkipToFrame()
    {
        Span<byte> magic = stackalloc byte[Y4mHeader.FrameMagic.Length];
        var count = _file.Fill(magic);
        if (count == 0)
            return false;
        if (!magic[..count].SequenceEqual(Y4mHeader.FrameMagic))
            throw Y4mHeader.Bad(_file, "has no frame where one should begin");
        Y4mHeader.SkipFrameLine(_file);
        return true;
    }
}
