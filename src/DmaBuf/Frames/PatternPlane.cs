using DmaBuf.Buffers;

namespace DmaBuf.Frames;

/// <summary>One plane of the test pattern, all of whose rows are the same part of a longer row.</summary>
/// <param name="offset">The plane's first byte.</param>
/// <param name="rowBytes">The bytes of a row.</param>
/// <param name="rowCount">The number of rows.</param>
/// <param name="row">The longer row: the pattern twice.</param>
/// <param name="bytesPerPixel">How far a pixel moves it, as a fraction: bytes for so many pixels.</param>
internal sealed class PatternPlane(
    int offset, int rowBytes, int rowCount, byte[] row, (int Bytes, int Pixels) bytesPerPixel)
{
    /// <summary>Draws the plane.</summary>
    /// <param name="view">The buffer.</param>
    /// <param name="shift">By how many pixels the pattern has moved.</param>
    public void Draw(in BufferView view, int shift)
    {
        var part = row.AsSpan(shift / bytesPerPixel.Pixels * bytesPerPixel.Bytes, rowBytes);
        var plane = view.WritableSlice(offset, rowBytes * rowCount);
        for (var y = 0; y < rowCount; y++)
            part.CopyTo(plane[(y * rowBytes)..]);
    }
}
