using DmaBuf.Buffers;

namespace DmaBuf.Frames;

/// <summary>What a stream of frames consists of, as its sender announces it.</summary>
/// <param name="Width">The width in pixels.</param>
/// <param name="Height">The height in pixels.</param>
/// <param name="PixelFormat">The pixel format.</param>
/// <param name="SizeImage">The most bytes of a frame.</param>
/// <param name="BufferCount">The number of buffers that the sender uses in turn.</param>
public readonly record struct StreamFormat(
    int Width, int Height, FourCC PixelFormat, int SizeImage, int BufferCount)
{
    /// <summary>Size and pixel format.</summary>
    public override string ToString() => $"{Width}x{Height} {PixelFormat}";
}
