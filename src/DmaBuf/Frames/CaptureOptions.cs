using DmaBuf.Buffers;

namespace DmaBuf.Frames;

/// <summary>How to capture from a video device.</summary>
public sealed record CaptureOptions
{
    /// <summary>The fewest buffers of a stream: one to fill while another is in use.</summary>
    public const int MinBufferCount = 2;

    /// <summary>The device, such as <c>/dev/video0</c>.</summary>
    public required string Device { get; init; }

    /// <summary>The width in pixels; null for the one that is set. The device takes the nearest that it has.</summary>
    public int? Width { get; init; }

    /// <summary>The height in pixels; null for the one that is set. The device takes the nearest that it has.</summary>
    public int? Height { get; init; }

    /// <summary>
    /// The pixel format; null for the one that is set. A format of one plane in memory, such as <c>NV12</c>, also
    /// finds its variant of several, such as <c>NM12</c>.
    /// </summary>
    public FourCC? PixelFormat { get; init; }

    /// <summary>The frames per second; null for the rate that is set. The device takes one that it has.</summary>
    public double? FrameRate { get; init; }

    /// <summary>The number of buffers, 2 or more. The driver may change it.</summary>
    public int BufferCount { get; init; } = 4;

    /// <summary>Whose memory the device captures into.</summary>
    public CaptureMemory Memory { get; init; }

    /// <summary>The input, by index; null for the one that is selected.</summary>
    public int? Input { get; init; }

    /// <summary>
    /// Allocates a buffer of at least so many bytes, a multiple of the page size, for memory of the caller's own. The
    /// stream disposes it. Without it, <see cref="CaptureMemory.Auto"/> takes the driver's buffers.
    /// </summary>
    public Func<long, DmaBuffer>? Allocate { get; init; }
}
