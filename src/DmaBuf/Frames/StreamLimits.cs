using DmaBuf.Errors;

namespace DmaBuf.Frames;

/// <summary>What a receiver takes from a sender that it does not trust, before it allocates anything.</summary>
/// <param name="MaxFrameBytes">The most bytes of a frame.</param>
/// <param name="MaxBuffers">The most buffers.</param>
public readonly record struct StreamLimits(int MaxFrameBytes, int MaxBuffers)
{
    private const int MaxPixels = 32768;

    /// <summary>64 MiB a frame (4096x4096 of four bytes) and 32 buffers (VIDEO_MAX_FRAME; linux/videodev2.h).</summary>
    public static StreamLimits Default { get; } = new(64 << 20, 32);

    /// <summary>Checks what a sender announced.</summary>
    /// <exception cref="PeerException">BadMessage, TooLarge.</exception>
    internal void Check(uint width, uint height, uint sizeImage, uint count, string peer)
    {
        if (width is 0 or > MaxPixels || height is 0 or > MaxPixels || sizeImage == 0 || count == 0)
        {
            throw VideoWire.Bad(
                peer, $"announced {count} buffers for frames of {width}x{height} pixels and {sizeImage} bytes");
        }

        if (sizeImage > MaxFrameBytes || count > MaxBuffers)
        {
            throw new PeerException(PeerFault.TooLarge, peer,
                $"announced {count} buffers for frames of {sizeImage} bytes; this side takes {MaxBuffers} buffers and "
                + $"{MaxFrameBytes} bytes a frame",
                "Raise this side's limit if such frames are wanted.");
        }
    }
}
