using System.Globalization;
using DmaBuf.Buffers;
using DmaBuf.Frames;
using DmaBuf.Transport;
using DmaBuf.Waits;
using DmaBuf.Xen;

namespace DmaBuf.Peer;

/// <summary>
/// Streams of frames, with the options of the programs sender, receiver, sender_zc and receiver_zc that these replace.
/// </summary>
internal static class VideoPeer
{
    private const string AnyAddress = "0.0.0.0";

    /// <summary>Whether a role is one of these.</summary>
    public static bool IsRole(string role) => role is "sender" or "receiver" or "sender_zc" or "receiver_zc";

    /// <summary>Runs a role.</summary>
    /// <exception cref="FormatException">An option is unknown or cannot be.</exception>
    public static void Run(string role, ReadOnlySpan<string> words, CancellationToken stop)
    {
        var isZeroCopy = role.EndsWith("_zc", StringComparison.Ordinal);
        if (role.StartsWith("sender", StringComparison.Ordinal))
            Send(PeerOptions.Parse(words, isZeroCopy ? "dapWHfbnktD" : "dapWHfbnem"), isZeroCopy, stop);
        else
            Receive(PeerOptions.Parse(words, isZeroCopy ? "dlpon" : "lpeon"), isZeroCopy, stop);
    }

    private static void Send(PeerOptions options, bool isZeroCopy, CancellationToken stop)
    {
        var endpoint = Endpoint.Parse($"tcp:{Bracketed(options.Required('a'))}:{options.Required('p')}");
        var source = new SourceOptions
        {
            Device = options['d'] ?? "/dev/video0",
            Width = options.Number('W', SourceOptions.DefaultWidth, 1, PictureConverter.MaxSide),
            Height = options.Number('H', SourceOptions.DefaultHeight, 1, PictureConverter.MaxSide),
            PixelFormat = FourCC.Parse(options['f'] ?? "YUYV"),
            BufferCount = options.Number('b', 4, CaptureOptions.MinBufferCount, StreamLimits.Default.MaxBuffers),
            Heap = options['e'],
            Memory = (options['m'] ?? "auto") switch
            {
                "auto" => CaptureMemory.Auto,
                "dmabuf" => CaptureMemory.DmaBuf,
                "mmap" => CaptureMemory.Mmap,
                var other => throw new FormatException($"-m {other}: use auto, dmabuf or mmap."),
            },
        };
        var milliseconds = options.Number('k', 200);
        var sending = new SendOptions
        {
            FrameCount = options.Number('n', 0) is > 0 and var count ? count : long.MaxValue,
            AckTimeout = milliseconds == 0 ? null : TimeSpan.FromMilliseconds(milliseconds),
        };
        var connectTime = options.Number('t', 3000);
        if (!isZeroCopy)
        {
            using var frames = FrameSources.Open(source, stop);
            using var stream = Connect(endpoint, connectTime, stop);
            using var sender = new CopySender(stream, frames, sending, stop);
            Run(sender);
        }
        else
        {
            using var limit = new WaitLimit(null, stop);
            var (own, peer) = XenDomain.FindPeer(options.Required('D'), limit);
            var (frames, carrier) = FrameSources.OpenFor(source, own, peer, stop);
            using (frames)
            using (carrier)
            {
                using var stream = Connect(endpoint, connectTime, stop);
                using var sender = new ZeroCopySender(stream, frames, carrier, sending, stop);
                sender.Overwriting += (_, _) => Console.Error.WriteLine(
                    $"Warning: no ack within {milliseconds} ms, and no other buffer is free: going on without it.");
                Run(sender);
            }
        }
    }

    /// <summary>Connects within a time in milliseconds; 0 is as long as it takes.</summary>
    private static ByteStream Connect(Endpoint endpoint, int milliseconds, CancellationToken stop)
    {
        using var limit = new WaitLimit(milliseconds == 0 ? null : TimeSpan.FromMilliseconds(milliseconds), stop);
        using var peers = new StreamSource(endpoint, NoListener.ListenOrWait);
        return peers.Next(limit);
    }

    private static void Run(FrameSender sender)
    {
        sender.Run();
        Console.WriteLine(Line(sender.Summary));
    }

    private static void Receive(PeerOptions options, bool isZeroCopy, CancellationToken stop)
    {
        var endpoint = Endpoint.Parse($"tcpd:{Bracketed(options['l'] ?? AnyAddress)}:{options.Required('p')}");
        var receiving = new ReceiveOptions
        {
            FrameCount = options.Number('n', 0) is > 0 and var count ? count : long.MaxValue,
        };
        if (options['e'] is { } heap)
            receiving = receiving with { Allocate = size => FrameMemory.AllocateFrom(heap, size) };
        using var limit = new WaitLimit(null, stop);
        if (isZeroCopy)
            receiving = receiving with { OwnDomain = OwnDomain(limit) };
        IFrameSink[] sinks = options['o'] switch
        {
            null => [],
            var path when path.EndsWith(".png", StringComparison.Ordinal) => [new PictureFileSink(path, new())],
            var path => [new RawFileSink(path, limit)],
        };
        using var sink = new SinkGroup(sinks);
        using var peers = new StreamSource(endpoint, NoListener.ListenOrWait);
        using var stream = peers.Next(limit);
        using FrameReceiver receiver = isZeroCopy
            ? new ZeroCopyReceiver(stream, sink, receiving, stop)
            : new CopyReceiver(stream, sink, receiving, stop);
        receiver.Run();
        Console.WriteLine(Line(receiver.Summary));
    }

    private static string Bracketed(string host) =>
        host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;

    private static ushort OwnDomain(WaitLimit limit)
    {
        using var store = XenStore.Open(limit);
        return XenDomain.OwnId(store);
    }

    private static string Line(StreamSummary summary) => string.Create(CultureInfo.InvariantCulture,
        $"frames={summary.Frames} dropped={summary.Dropped} fps={summary.FrameRate:0.0} bytes={summary.Bytes} "
        + $"copied={summary.Copied} overwritten={summary.Overwritten} memory={summary.Memory ?? "none"} "
        + $"via={summary.Transfer.ToString().ToLowerInvariant()}");
}
