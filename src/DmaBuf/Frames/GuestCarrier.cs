using DmaBuf.Errors;
using DmaBuf.Guests;
using DmaBuf.Sharing;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Frames;

/// <summary>Shares the buffers' pages in this KVM guest with the host, until it is disposed.</summary>
public sealed class GuestCarrier : BufferCarrier
{
    private readonly List<GuestPagesExport> _exports = [];

    /// <summary>Pins the pages of a source's buffers.</summary>
    /// <exception cref="VideoException">ManyPlanes.</exception>
    /// <exception cref="DmaBufException">As <see cref="GuestPagesExport.Create"/>.</exception>
    public GuestCarrier(FrameSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        CheckPlanes(source);
        try
        {
            foreach (var frame in source.Frames)
                _exports.Add(GuestPagesExport.Create(frame.Buffer));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override FrameTransfer Transfer => FrameTransfer.GuestPages;

    /// <inheritdoc/>
    public override void Dispose() => _exports.ForEach(export => export.Dispose());

    /// <inheritdoc/>
    internal override void Send(ByteStream stream, Frame frame, WaitLimit limit)
    {
        var bytes = new byte[VideoWire.HandleSize];
        new BufferHandle(VideoWire.GuestPages, HandleOf(frame), (ulong)frame.Buffer.Size, 0, 0, 0).Write(bytes, []);
        stream.Send(bytes, limit);
        GuestPagesBlob.Send(stream, _exports[frame.Index].Pages, limit);
    }
}
