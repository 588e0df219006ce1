using DmaBuf.Buffers;
using DmaBuf.Frames;
using DmaBuf.Grants;
using DmaBuf.Transport;
using DmaBuf.Waits;
using DmaBuf.Xen;

namespace DmaBuf.Pair;

/// <summary>
/// One side of a stream of frames in shared buffers, which were filled once. The side that connects sends; the other
/// prints the mean time of a frame.
/// </summary>
/// <param name="endpoint">The address.</param>
/// <param name="peer">The peer's domain.</param>
/// <param name="frames">How many frames to time.</param>
internal sealed class FrameSide(Endpoint endpoint, ushort peer, int frames) : IDisposable
{
    private const int Warm = 100;
    private readonly WaitLimit _limit = new();

    public void Dispose() => _limit.Dispose();

    /// <param name="width">The width in pixels.</param>
    /// <param name="height">The height in pixels.</param>
    /// <param name="reads">Whether the receiver reads every byte.</param>
    public void Run(int width, int height, bool reads)
    {
        ushort own;
        using (var store = XenStore.Open(_limit))
            own = XenDomain.OwnId(store);
        using var peers = new StreamSource(endpoint, NoListener.Wait);
        using var stream = peers.Next(_limit);
        if (endpoint.Role == EndpointRole.Listen)
        {
            using var sink = new Sink(frames, reads);
            using var receiver = new ZeroCopyReceiver(
                stream, sink, new ReceiveOptions { OwnDomain = own, Domain = peer });
            receiver.Run();
            return;
        }

        using var source = new ReadyFrames(
            width, height, size => GrantAllocator.Allocate(FrameMemory.RoundUp(size), own, peer));
        using var carrier = new GrantCarrier(source, own, peer);
        using var sender = new ZeroCopySender(
            stream, source, carrier, new SendOptions { FrameCount = Warm + frames, AckTimeout = null });
        sender.Run();
    }

    /// <summary>Two buffers, so that each frame waits for the ack of the one before.</summary>
    private sealed class ReadyFrames(int width, int height, Func<long, DmaBuffer> allocate)
        : TimedSource(new StreamFormat(width, height, FourCC.Parse("YUYV"), width * height * 2, 2), 0, allocate)
    {
        public override string Name => "ready frames";

        private protected override bool TryFill(DmaBuffer buffer, ulong number) => true;
    }

    private sealed class Sink(int frames, bool reads) : IFrameSink
    {
        private long _start;
        private int _count;

        public bool IsClosed => false;

        public void Start(StreamFormat format)
        {
        }

        public FrameUse Take(Frame frame, Action<Frame> release)
        {
            if (reads)
            {
                using var view = frame.Buffer.OpenView(BufferAccess.Read);
                _ = view.Slice(0, frame.BytesUsed).Count(byte.MaxValue);
            }

            _count++;
            if (_count == Warm)
                _start = Clock.Now;
            else if (_count == Warm + frames)
                Console.WriteLine((Clock.Now - _start) / frames);
            return FrameUse.Done;
        }

        public void Dispose()
        {
        }
    }
}
