using DmaBuf.Errors;

namespace DmaBuf.Frames;

/// <summary>What a receiver takes from a sender that it does not trust, before it allocates anything.</summary>
/// <param name="MaxFrameBytes">The most bytes of a frame; all buffers together may have four times as many.</param>
/// <param name="MaxBuffers">The most buffers.</param>
public readonly record struct StreamLimits(int MaxFrameBytes, int MaxBuffers)
{
    /// <summary>The largest frames that the buffers of a stream may all have room for, together.</summary>
    private const int LargestFrames = 4;

    /// <summary>64 MiB a frame (4096x4096 of four bytes) and 32 buffers (VIDEO_MAX_FRAME; linux/videodev2.h).</summary>
    public static StreamLimits Default { get; } = new(64 << 20, 32);

    /// <summary>The most bytes of all buffers: those of four frames of the largest size.</summary>
    public ulong MaxBytes => (ulong)LargestFrames * (ulong)MaxFrameBytes;

    /// <summary>Checks what a sender announced.</summary>
    /// <exception cref="PeerException">BadMessage, TooLarge.</exception>
    internal void Check(uint width, uint height, uint sizeImage, uint count, string peer)
    {
        if (width is 0 or > PictureConverter.MaxSide || height is 0 or > PictureConverter.MaxSide
            || sizeImage == 0 || count == 0)
        {
            throw VideoWire.Bad(
                peer, $"announced {count} buffers for frames of {width}x{height} pixels and {sizeImage} bytes");
        }

        if (sizeImage > MaxFrameBytes || count > MaxBuffers || (ulong)sizeImage * count > MaxBytes)
        {
            throw new PeerException(PeerFault.TooLarge, peer,
                $"announced {count} buffers for frames of {sizeImage} bytes; this side takes {MaxBuffers} buffers, "
                + $"{MaxFrameBytes} bytes a frame and {MaxBytes} bytes in all",
                "Raise this side's limit if such frames are wanted.");
        }
    }
}
