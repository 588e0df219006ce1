using System.Runtime.ExceptionServices;
using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Interop;
using DmaBuf.Sharing;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Frames;

/// <summary>Receives a sender's buffers once, and then is told of each frame in them, which it acknowledges.</summary>
public sealed class ZeroCopyReceiver : FrameReceiver
{
    private static readonly TimeSpan s_ackTime = TimeSpan.FromSeconds(30);
    private readonly Dictionary<ulong, (Frame Frame, ulong Length)> _buffers = [];
    private readonly Dictionary<Frame, ulong> _handles = [];
    private readonly Lock _acks = new();
    private readonly WaitLimit _ackLimit;
    private volatile Exception? _failure;

    /// <param name="stream">The connection.</param>
    /// <param name="sink">Where the frames go.</param>
    /// <param name="options">How to receive them.</param>
    /// <param name="stop">Ends the run.</param>
    public ZeroCopyReceiver(
        ByteStream stream, IFrameSink sink, ReceiveOptions options, CancellationToken stop = default)
        : base(stream, sink, options, stop) => _ackLimit = new WaitLimit(s_ackTime, stop);

    /// <inheritdoc/>
    private protected override int HeadSize => VideoWire.ZeroCopyHeadSize;

    /// <inheritdoc/>
    private protected override void Prepare()
    {
        var bytes = new byte[VideoWire.HandleSize];
        for (var i = 0; i < Format.BufferCount; i++)
        {
            Messages.Fill(bytes);
            if (!BufferHandle.TryRead(bytes, out var handle))
                throw VideoWire.Bad(Stream.Peer, "sent a message that is not a buffer handle");
            if (_buffers.ContainsKey(handle.HandleId))
                throw VideoWire.Bad(Stream.Peer, $"sent the handle {handle.HandleId} twice");
            var frame = new Frame(i, Receive(handle, bytes));
            _buffers.Add(handle.HandleId, (frame, handle.Length));
            _handles.Add(frame, handle.HandleId);
            if (handle.Length == 0 || handle.Length > (ulong)frame.Buffer.Size)
                throw Wrong(handle, $"a length of {handle.Length} bytes in a buffer of {frame.Buffer.Size}");
        }
    }

    /// <inheritdoc/>
    private protected override void Take(ReadOnlySpan<byte> head)
    {
        CheckAcks();
        if (!ZeroCopyHead.TryRead(head, out var next))
            throw VideoWire.Bad(Stream.Peer, "sent a message that is not a frame");
        if (!_buffers.TryGetValue(next.HandleId, out var buffer))
            throw VideoWire.Bad(Stream.Peer, $"sent a frame in the unknown handle {next.HandleId}");
        if (next.BytesUsed > Math.Min(buffer.Length, int.MaxValue))
        {
            throw VideoWire.Bad(
                Stream.Peer, $"sent a frame of {next.BytesUsed} bytes in a buffer of {buffer.Length}");
        }

        WaitFor(buffer.Frame);
        Deliver(buffer.Frame, (int)next.BytesUsed, next.Flags, next.Sequence, next.Timestamp);
    }

    /// <inheritdoc/>
    private protected override void CheckAcks()
    {
        if (_failure is { } failure)
            ExceptionDispatchInfo.Throw(failure);
    }

    /// <inheritdoc/>
    private protected override void OnDone(Frame frame, ulong sequence)
    {
        Span<byte> bytes = stackalloc byte[VideoWire.AckSize];
        lock (_acks)
        {
            new FrameAck(0, _handles[frame], sequence).Write(bytes);
            try
            {
                _ackLimit.Restart();
                Stream.Send(bytes, _ackLimit);
            }
            catch (KernelException e) when (e.Errno is Errno.EPIPE or Errno.ECONNRESET)
            {
                // A sender that has closed the connection needs no ack.
            }
            catch (Exception e) when (e is DmaBufException or OperationCanceledException or ObjectDisposedException)
            {
                // This may be a sink's thread. The receiver's own finds the failure with the next frame.
                _failure = e;
            }
        }
    }

    /// <inheritdoc/>
    private protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        foreach (var (frame, _) in _buffers.Values)
            frame.Buffer.Dispose();
        _ackLimit.Dispose();
    }

    private DmaBuffer Receive(BufferHandle handle, ReadOnlySpan<byte> bytes)
    {
        if ((handle.Flags & VideoWire.Descriptor) != 0 && Stream.Endpoint.Kind == EndpointKind.Unix)
        {
            Transfer = FrameTransfer.Descriptors;
            return DescriptorHandOff.ReceiveShared(Stream, Messages.Limit);
        }

        if ((handle.Flags & (VideoWire.GuestPages | VideoWire.DirectRefs)) == VideoWire.GuestPages)
            return ReceiveGuestPages();
        if ((handle.Flags & VideoWire.DirectRefs) == 0)
            throw Wrong(handle, $"the flags 0x{handle.Flags:x}, which this side does not know");
        if (handle.RefCount is 0 or > VideoWire.MaxRefs)
            throw Wrong(handle, $"{handle.RefCount} grant references; there are 1 to {VideoWire.MaxRefs}");
        if (handle.PageSize != GrantRefs.GrantPageSize)
            throw Wrong(handle, $"pages of {handle.PageSize} bytes, not {GrantRefs.GrantPageSize}");
        if (handle.Domain != (Options.Domain ?? handle.Domain) || handle.Domain > ushort.MaxValue)
            throw Wrong(handle, $"pages of domain {handle.Domain}, not {Options.Domain}");
        if (Options.OwnDomain is not { } own)
        {
            throw new PeerException(PeerFault.Incompatible, Stream.Peer,
                "shares its buffers by grant references, and this side is in no Xen domain",
                "Receive them in a domain of the sender's Xen host.");
        }

        Transfer = FrameTransfer.Grants;
        return GrantMapper.Import(new GrantRefs
        {
            Domain = (ushort)handle.Domain, PeerDomain = own, Refs = handle.ReadRefs(bytes),
        });
    }

    private DmaBuffer ReceiveGuestPages()
    {
        if (Options.Guest is not { } guest)
        {
            throw new PeerException(PeerFault.Incompatible, Stream.Peer,
                "shares its buffers as pages of a KVM guest, and no guest was named here",
                "Receive them on the guest's host, and name the guest.");
        }

        Transfer = FrameTransfer.GuestPages;
        return guest.Import(GuestPagesBlob.Receive(Stream, Messages.Limit), Stream);
    }

    private PeerException Wrong(BufferHandle handle, string what) =>
        VideoWire.Bad(Stream.Peer, $"sent the handle {handle.HandleId} with {what}");
}
