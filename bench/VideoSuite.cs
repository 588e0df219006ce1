using System.Diagnostics;
using System.Globalization;
using DmaBuf.Buffers;
using DmaBuf.Frames;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Bench;

/// <summary>
/// Measures streams of frames beside the same in C (tests/Peers/video.c), each with a process for either side. Both
/// senders send four ready frames in turn, and neither receiver reads what came.
/// </summary>
internal static class VideoSuite
{
    /// <summary>The first word of the command line of the process that sends.</summary>
    public const string SenderRole = "video-sender";

    private const int Warm = 300;
    private static readonly (int Width, int Height)[] s_sizes = [(640, 480), (1920, 1080)];

    public static IEnumerable<Row> Run(bool quick)
    {
        var rounds = quick ? 1 : 5;
        foreach (var (width, height) in s_sizes)
        {
            var frames = (quick ? 100 : 1000) * (width == 640 ? 6 : 1);
            var (ours, other) = Medians(
                rounds, () => Copy(width, height, frames), () => CopyInC(width, height, frames));
            var bytes = width * height * 2;
            yield return new Row($"video copied, {width}x{height}: frames a second", bytes, ours, other,
                "0.95 of C's", ours >= 0.95 * other, "1/s");
        }

        var turns = quick ? 2_000 : 50_000;
        var (turn, inC) = Medians(rounds, () => Shared(320, 240, turns), () => SharedInC(320, 240, turns));
        yield return new Row("video shared, 320x240: a frame and its ack", 320 * 240 * 2, turn, inC,
            "at most 1.2 of C's", turn <= 1.2 * inC, "µs");
        var large = Median(rounds, () => Shared(1920, 1080, turns));
        yield return new Row("video shared, 1920x1080, beside 320x240", 1920 * 1080 * 2, large, turn,
            "at most 1.1 of it", large <= 1.1 * turn, "µs");
    }

    /// <summary>What the sending process does.</summary>
    public static int Send(string[] words)
    {
        var (address, width, height) = (words[0], Number(words[1]), Number(words[2]));
        var options = new SendOptions { FrameCount = Number(words[3]) };
        using var limit = new WaitLimit(TimeSpan.FromSeconds(20));
        using var stream = StreamConnector.Connect(Endpoint.Parse(address), limit);
        var isCopy = address.StartsWith("tcp", StringComparison.Ordinal);
        // With two buffers, each frame waits for the ack of the one before, as in C.
        using var source = new ReadyFrames(width, height, isCopy ? 4 : 2);
        using FrameSender sender = isCopy
            ? new CopySender(stream, source, options)
            : new ZeroCopySender(stream, source, new DescriptorCarrier(), options with { AckTimeout = null });
        sender.Run();
        return 0;
    }

    private static double Copy(int width, int height, int frames)
    {
        var port = FreePort();
        var milliseconds = Receive($"tcpd:127.0.0.1:{port}", $"tcp:127.0.0.1:{port}", width, height, frames, false);
        return 1000 * frames / milliseconds;
    }

    /// <summary>Microseconds for a frame.</summary>
    private static double Shared(int width, int height, int frames)
    {
        var path = Workshop.SocketPath("video");
        return 1000 * Receive($"unixd:{path}", $"unix:{path}", width, height, frames, true) / frames;
    }

    private static double Receive(
        string listening, string connecting, int width, int height, int frames, bool isShared)
    {
        using var limit = new WaitLimit(TimeSpan.FromSeconds(60));
        using var listener = StreamListener.Listen(Endpoint.Parse(listening));
        using var sender = Process.Start(Environment.ProcessPath!,
            [
                typeof(VideoSuite).Assembly.Location,
                SenderRole, connecting, $"{width}", $"{height}", $"{Warm + frames}",
            ]);
        using var stream = listener.Accept(limit);
        using var sink = new CountingSink(Warm);
        using FrameReceiver receiver = isShared
            ? new ZeroCopyReceiver(stream, sink, new ReceiveOptions())
            : new CopyReceiver(stream, sink, new ReceiveOptions { Allocate = Allocate });
        receiver.Run();
        sender.WaitForExit();
        return sink.Milliseconds;
    }

    private static double CopyInC(int width, int height, int frames)
    {
        var port = $"{FreePort()}";
        var nanoseconds = RunInC("receiver", "sender", port, "127.0.0.1", width, height, frames);
        return 1e9 * frames / nanoseconds;
    }

    private static double SharedInC(int width, int height, int frames) =>
        RunInC("receiver_zc", "sender_zc", Workshop.SocketPath("video-c"), "-", width, height, frames, "0", "0")
            / 1e3 / frames;

    private static double RunInC(
        string receiving, string sending, string port, string host, int width, int height, int frames,
        params string[] domains)
    {
        using var receiver = StartC([receiving, port, $"{frames}"]);
        while (receiver.StandardOutput.ReadLine() != "listening")
        {
        }

        using var sender = StartC([sending, host, port, $"{width}", $"{height}", $"{frames}", .. domains]);
        var output = receiver.StandardOutput.ReadToEnd();
        sender.WaitForExit();
        File.Delete(port);
        var last = output.TrimEnd().Split('=')[^1];
        return double.Parse(last, CultureInfo.InvariantCulture);
    }

    private static Process StartC(string[] words) => Process.Start(new ProcessStartInfo(Workshop.Video, words)
    {
        RedirectStandardOutput = true, Environment = { ["VIDEO_READY"] = "1" },
    })!;

    private static (double Ours, double Other) Medians(int rounds, Func<double> ours, Func<double> other)
    {
        var (one, two) = (new List<double>(), new List<double>());
        for (var i = 0; i < rounds; i++)
        {
            one.Add(ours());
            two.Add(other());
        }

        return (Median(one), Median(two));
    }

    private static double Median(int rounds, Func<double> run) =>
        Median([.. Enumerable.Range(0, rounds).Select(_ => run())]);

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }

    private static DmaBuffer Allocate(long size) => MemFdAllocator.Allocate(FrameMemory.RoundUp(size));

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static int FreePort()
    {
        using var probe = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        probe.Start();
        return ((System.Net.IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>Buffers that were filled once, in turn.</summary>
    private sealed class ReadyFrames(int width, int height, int count)
        : TimedSource(new StreamFormat(width, height, FourCC.Parse("YUYV"), width * height * 2, count), 0, Filled)
    {
        public override string Name => "ready frames";

        private protected override bool TryFill(DmaBuffer buffer, ulong number) => true;

        private static DmaBuffer Filled(long size)
        {
            var buffer = Allocate(size);
            using var view = buffer.OpenView(BufferAccess.ReadWrite);
            view.WritableSlice(0, (int)size).Fill(1);
            return buffer;
        }
    }

    /// <summary>Measures the time from one frame to the last.</summary>
    private sealed class CountingSink(int first) : IFrameSink
    {
        private long _start;
        private long _last;
        private int _count;

        public double Milliseconds => Stopwatch.GetElapsedTime(_start, _last).TotalMilliseconds;

        public bool IsClosed => false;

        public void Start(StreamFormat format)
        {
        }

        public FrameUse Take(Frame frame, Action<Frame> release)
        {
            _last = Stopwatch.GetTimestamp();
            if (++_count == first)
                _start = _last;
            return FrameUse.Done;
        }

        public void Dispose()
        {
        }
    }
}
