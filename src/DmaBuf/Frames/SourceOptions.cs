using DmaBuf.Buffers;

namespace DmaBuf.Frames;

/// <summary>Where frames come from: a device, a file, or, with neither, the test pattern.</summary>
public sealed record SourceOptions
{
    /// <summary>The width in pixels of a raw file or the test pattern, unless <see cref="Width"/> is given.</summary>
    public const int DefaultWidth = 640;

    /// <summary>Their height in pixels.</summary>
    public const int DefaultHeight = 480;

    /// <summary>Their pixel format.</summary>
    public static FourCC DefaultFormat { get; } = FourCC.Parse("YUYV");

    /// <summary>A video device, such as <c>/dev/video0</c>, or null.</summary>
    public string? Device { get; init; }

    /// <summary>A file of raw frames, or in the YUV4MPEG2 format (Y4M), or null.</summary>
    public string? File { get; init; }

    /// <summary>Whether a file begins anew at its end.</summary>
    public bool Loop { get; init; }

    /// <summary>The width in pixels; null for the device's, the Y4M file's, or 640.</summary>
    public int? Width { get; init; }

    /// <summary>The height in pixels; null for the device's, the Y4M file's, or 480.</summary>
    public int? Height { get; init; }

    /// <summary>The pixel format; null for the device's, the Y4M file's, or YUYV.</summary>
    public FourCC? PixelFormat { get; init; }

    /// <summary>Frames a second; null for the device's, the Y4M file's, or 30; 0 for as many as are taken.</summary>
    public double? FrameRate { get; init; }

    /// <summary>The number of buffers.</summary>
    public int BufferCount { get; init; } = 4;

    /// <summary>Whose memory a device captures into.</summary>
    public CaptureMemory Memory { get; init; }

    /// <summary>A device's input, by index; null for the one that is selected.</summary>
    public int? Input { get; init; }

    /// <summary>
    /// The heap that buffers come from; null for the system heap, or for udmabuf where there is none.
    /// </summary>
    public string? Heap { get; init; }
}
