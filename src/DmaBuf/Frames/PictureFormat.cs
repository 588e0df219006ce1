using DmaBuf.Buffers;

namespace DmaBuf.Frames;

/// <summary>A picture in a buffer: where its pixels lie, and how to read their colours.</summary>
/// <param name="Layout">Size, pixel format, and each plane's offset and stride.</param>
/// <param name="Encoding">The equations; without effect on RGB formats.</param>
/// <param name="Range">The range of values; without effect on RGB formats.</param>
public sealed record PictureFormat(PictureLayout Layout, ColorEncoding Encoding, ColorRange Range);
