using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Frames;

/// <summary>Grants the buffers' pages to the receiver's domain, until it is disposed.</summary>
public sealed class GrantCarrier : BufferCarrier
{
    private readonly List<GrantExport> _exports = [];
    private readonly List<GrantRefs> _refs = [];

    /// <summary>
    /// Grants the pages of a source's buffers. Pages that were granted when they were allocated stay so.
    /// </summary>
    /// <param name="source">The source.</param>
    /// <param name="own">This domain's id.</param>
    /// <param name="peer">The receiver's domain.</param>
    /// <exception cref="VideoException">ManyPlanes.</exception>
    /// <exception cref="BufferException">BadSize: too large for the references of one handle.</exception>
    /// <exception cref="DmaBufException">As <see cref="GrantExport.Create"/>.</exception>
    public GrantCarrier(FrameSource source, ushort own, ushort peer)
    {
        ArgumentNullException.ThrowIfNull(source);
        CheckPlanes(source);
        CheckFits(source.Format.SizeImage, source.Name);
        try
        {
            foreach (var frame in source.Frames)
                _refs.Add(Grant(frame, own, peer));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override FrameTransfer Transfer => FrameTransfer.Grants;

    /// <inheritdoc/>
    public override void Dispose() => _exports.ForEach(export => export.Dispose());

    /// <summary>Refuses frames that need more references than the protocol has room for.</summary>
    /// <exception cref="BufferException">BadSize.</exception>
    internal static void CheckFits(long size, string source)
    {
        const int Most = VideoWire.MaxRefs * GrantRefs.GrantPageSize;
        if (size > Most)
        {
            throw new BufferException(BufferFault.BadSize,
                $"The frames of {source} have {size} bytes, and the protocol shares at most {Most} bytes a buffer "
                + $"({VideoWire.MaxRefs} references).",
                "Use smaller frames, or send them without sharing the buffers.");
        }
    }

    /// <inheritdoc/>
    internal override void Send(ByteStream stream, Frame frame, WaitLimit limit)
    {
        var grants = _refs[frame.Index];
        var bytes = new byte[VideoWire.HandleSize];
        var length = (ulong)grants.Count * GrantRefs.GrantPageSize;
        new BufferHandle(
            VideoWire.DirectRefs,
            HandleOf(frame),
            length,
            (uint)grants.Count,
            GrantRefs.GrantPageSize,
            grants.Domain).Write(bytes, grants.Refs);
        stream.Send(bytes, limit);
    }

    private GrantRefs Grant(Frame frame, ushort own, ushort peer)
    {
        if (GrantRefs.Of(frame.Buffer) is { } granted && granted.Domain == own && granted.PeerDomain == peer)
            return granted;
        var export = GrantExport.Create(frame.Buffer, own, peer);
        _exports.Add(export);
        return export.Grants;
    }
}
