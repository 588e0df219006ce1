using DmaBuf.Buffers;
using DmaBuf.Errors;

namespace DmaBuf.Frames;

/// <summary>
/// A received frame, for code that handles one after another. Its content is there only until the receiver goes on;
/// reading it later fails.
/// </summary>
public sealed class VideoFrame
{
    private readonly Frame _frame;
    private readonly long _generation;

    /// <param name="frame">The frame that is in the buffer now.</param>
    /// <param name="format">The stream's format.</param>
    /// <param name="stride">The bytes from row to row of the first plane; null where nothing tells.</param>
    public VideoFrame(Frame frame, StreamFormat format, int? stride = null)
    {
        ArgumentNullException.ThrowIfNull(frame);
        _frame = frame;
        _generation = frame.Generation;
        (Index, BytesUsed, Flags) = (frame.Index, frame.BytesUsed, frame.Flags);
        (Sequence, Timestamp) = (frame.Sequence, frame.Timestamp);
        Format = format;
        Stride = stride;
    }

    /// <summary>Width, height and pixel format.</summary>
    public StreamFormat Format { get; }

    /// <summary>The width in pixels.</summary>
    public int Width => Format.Width;

    /// <summary>The height in pixels.</summary>
    public int Height => Format.Height;

    /// <summary>The pixel format.</summary>
    public FourCC PixelFormat => Format.PixelFormat;

    /// <summary>The bytes from one row of the first plane to the next; null where nothing tells.</summary>
    public int? Stride { get; }

    /// <summary>The index of the buffer that it came in.</summary>
    public int Index { get; }

    /// <summary>The bytes of the frame.</summary>
    public int BytesUsed { get; }

    /// <summary>The flags of the sender's driver (V4L2_BUF_FLAG_*; linux/videodev2.h).</summary>
    public uint Flags { get; }

    /// <summary>The frame's number, as its source counts it.</summary>
    public ulong Sequence { get; }

    /// <summary>When it was captured, by the sender's clock.</summary>
    public TimeSpan Timestamp { get; }

    /// <summary>True once the receiver has gone on, and the content may be another frame's.</summary>
    public bool HasExpired => _frame.Generation != _generation;

    /// <summary>The buffer that the frame is in, until it expires.</summary>
    /// <exception cref="VideoException">Expired.</exception>
    public DmaBuffer Buffer => !HasExpired ? _frame.Buffer : throw Expired();

    /// <summary>Copies the frame's bytes.</summary>
    /// <exception cref="VideoException">Expired, even during the copy.</exception>
    public byte[] ToArray()
    {
        byte[] bytes;
        using (var view = Buffer.OpenView(BufferAccess.Read))
            bytes = view.Slice(0, BytesUsed).ToArray();
        return !HasExpired ? bytes : throw Expired();
    }

    /// <summary>Number, size and format.</summary>
    public override string ToString() => $"frame {Sequence} of {Format}, {BytesUsed} bytes";

    private VideoException Expired() => new(VideoFault.Expired, $"The content of {this} is gone.",
        "Use a frame before the next is received, or copy what is needed of it.");
}
