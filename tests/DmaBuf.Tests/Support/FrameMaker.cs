using DmaBuf.Buffers;
using DmaBuf.Frames;

namespace DmaBuf.Tests;

/// <summary>Frames whose content a test chooses.</summary>
internal sealed class FrameMaker : IDisposable
{
    /// <summary>A frame with one buffer for each of these contents.</summary>
    public FrameMaker(params byte[][] planes)
    {
        var buffers = planes.Select(plane => Buffers.New((plane.Length + 4095) / 4096 * 4096)).ToArray();
        for (var i = 0; i < planes.Length; i++)
            new ContentWriter(buffers[i], 0).Write(planes[i]);
        Frame = new Frame(0, buffers);
        Frame.Renew([.. planes.Select(plane => plane.Length)]);
    }

    public Frame Frame { get; }

    public void Dispose()
    {
        foreach (var buffer in Frame.Planes)
            buffer.Dispose();
    }
}
