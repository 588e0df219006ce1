using DmaBuf.Buffers;
using DmaBuf.Frames;
using DmaBuf.Transport;
using DmaBuf.Waits;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>The copy flow with the C peer (tests/Peers/video.c) on the other side.</summary>
public sealed class CVideoPeerTests
{
    private const int Count = 10;

    [Fact]
    public void A_C_sender_is_received()
    {
        var port = StreamTests.FreePort();
        using var limit = new WaitLimit(TimeSpan.FromSeconds(60));
        using var listener = StreamListener.Listen(Endpoint.Parse($"tcpd:127.0.0.1:{port}"));
        using var sender = CProgram.Start("video", "sender", "127.0.0.1", $"{port}", "320", "240", $"{Count}");
        using var stream = listener.Accept(limit);
        var frames = new List<(ulong, int, byte, byte, TimeSpan)>();
        using var sink = new TestSink(frame =>
        {
            var content = FrameStreamTests.Content(frame);
            frames.Add((frame.Sequence, frame.BytesUsed, content[0], content[^1], frame.Timestamp));
        });
        FrameStreams.Receive(new CopyReceiver(stream, sink, FrameStreamTests.Options()));
        sender.Finish();
        Assert.Equal(new StreamFormat(320, 240, FourCC.Parse("YUYV"), 153600, 4), sink.Format);
        var expected = Enumerable.Range(0, Count).Select(i =>
            ((ulong)i, 153600, (byte)i, (byte)i, TimeSpan.FromSeconds(1) + TimeSpan.FromMicroseconds(i)));
        Assert.Equal(expected, frames);
    }

    [Fact]
    public void A_C_receiver_takes_our_frames()
    {
        var port = StreamTests.FreePort();
        using var limit = new WaitLimit(TimeSpan.FromSeconds(60));
        using var receiver = CProgram.Start("video", "receiver", $"{port}", $"{Count}");
        Assert.Equal("listening", receiver.ReadLine());
        using (var stream = StreamConnector.Connect(Endpoint.Parse($"tcp:127.0.0.1:{port}"), limit))
        {
            using var source = FrameStreams.Pattern(320, 240, "UYVY");
            using var sender = new CopySender(stream, source, new SendOptions());
            sender.Run();
            // The kernel keeps some megabytes that the receiver has not read.
            Assert.InRange(sender.Summary.Frames, Count, Count + 100);
        }

        var lines = receiver.Finish();
        Assert.Equal("hello 320x240 UYVY 153600 bytes 4 buffers", lines[0]);
        Assert.Equal("frame 0 153600 80 10", lines[1]);
        Assert.StartsWith($"frame {Count - 1} 153600 ", lines[Count], StringComparison.Ordinal);
        Assert.StartsWith($"frames={Count} ", lines[^1], StringComparison.Ordinal);
    }
}
