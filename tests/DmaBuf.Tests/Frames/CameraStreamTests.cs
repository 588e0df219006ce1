using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Frames;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>Streams of a camera (vivid), which shows white.</summary>
public sealed class CameraStreamTests
{
    private const int Count = 5;
    private const int FrameBytes = 320 * 180 * 3 / 2;

    [Theory]
    [InlineData(false, CaptureMemory.Auto)]
    [InlineData(false, CaptureMemory.Mmap)]
    [InlineData(false, CaptureMemory.UserPtr)]
    [InlineData(true, CaptureMemory.Auto)]
    [InlineData(true, CaptureMemory.Mmap)]
    public void A_cameras_frames_are_copied(bool multiPlanar, CaptureMemory memory)
    {
        using var vivid = new Vivid(multiPlanar);
        using var streams = new FrameStreams();
        using var camera = FrameSources.Open(Options(vivid, memory, "NV12"));
        var sending = streams.Send(new CopySender(streams.Sending, camera, new SendOptions { FrameCount = Count }));
        var pixels = new List<(int, bool)>();
        using var sink = new TestSink(frame =>
        {
            var content = FrameStreamTests.Content(frame);
            pixels.Add((content.Length, IsWhite(content[0])));
        });
        FrameStreams.Receive(new CopyReceiver(streams.Receiving, sink, FrameStreamTests.Options()));
        Assert.Equal(Enumerable.Repeat((FrameBytes, true), Count), pixels);
        var summary = sending.Result;
        Assert.Equal(Count, summary.Frames);
        Assert.Contains(summary.Memory, memory == CaptureMemory.Auto ? ["DmaBuf", "Mmap"] : new[] { $"{memory}" });
    }

    [Theory]
    [InlineData(CaptureMemory.Mmap)]
    [InlineData(CaptureMemory.DmaBuf)]
    public void A_cameras_buffers_are_passed_to_the_receiver(CaptureMemory memory)
    {
        using var vivid = new Vivid();
        using var streams = new FrameStreams();
        using var camera = FrameSources.Open(Options(vivid, memory, "YUYV"));
        var options = new SendOptions { FrameCount = Count, AckTimeout = TimeSpan.FromMinutes(1) };
        var sending = streams.Send(new ZeroCopySender(streams.Sending, camera, new DescriptorCarrier(), options));
        var pixels = new List<bool>();
        using var sink = new TestSink(frame => pixels.Add(IsWhite(FrameStreamTests.Content(frame)[0])));
        FrameStreams.Receive(new ZeroCopyReceiver(streams.Receiving, sink, FrameStreamTests.Options()));
        Assert.Equal(Enumerable.Repeat(true, Count), pixels);
        Assert.Equal((Count, 0L), (sending.Result.Frames, sending.Result.Overwritten));
    }

    [Fact]
    public void Planes_in_buffers_of_their_own_cannot_be_shared()
    {
        using var vivid = new Vivid(multiPlanar: true);
        using var streams = new FrameStreams();
        using var camera = FrameSources.Open(Options(vivid, CaptureMemory.Mmap, "NM12"));
        var failure = Assert.Throws<VideoException>(
            () => new ZeroCopySender(streams.Sending, camera, new DescriptorCarrier(), new SendOptions()));
        Assert.Equal("Video,ManyPlanes", failure.ErrorId);
    }

    [Fact]
    public void Frames_are_copied_once_where_the_peer_cannot_map_the_drivers_buffers()
    {
        using var vivid = new Vivid();
        using var streams = new FrameStreams();
        using var camera = new CopyingSource(
            FrameSources.Open(Options(vivid, CaptureMemory.Mmap, "YUYV")), FrameStreams.Allocate);
        var sending = streams.Send(new CopySender(streams.Sending, camera, new SendOptions { FrameCount = Count }));
        var pixels = new List<bool>();
        using var sink = new TestSink(frame => pixels.Add(IsWhite(FrameStreamTests.Content(frame)[0])));
        FrameStreams.Receive(new CopyReceiver(streams.Receiving, sink, FrameStreamTests.Options()));
        Assert.Equal(Enumerable.Repeat(true, Count), pixels);
        Assert.InRange(sending.Result.Copied, Count, Count + 4);
    }

    [Fact]
    public void Planes_in_buffers_of_their_own_are_not_copied_as_one()
    {
        using var vivid = new Vivid(multiPlanar: true);
        using var camera = FrameSources.Open(Options(vivid, CaptureMemory.Mmap, "NM12"));
        Assert.Equal(
            "Video,ManyPlanes",
            Assert.Throws<VideoException>(() => new CopyingSource(camera, FrameStreams.Allocate)).ErrorId);
    }

    [Fact]
    public void A_camera_that_is_unplugged_ends_the_stream_with_an_error()
    {
        using var vivid = new Vivid();
        using var streams = new FrameStreams();
        using var camera = FrameSources.Open(Options(vivid, CaptureMemory.Mmap, "YUYV"));
        var sending = streams.Send(new CopySender(streams.Sending, camera, new SendOptions()));
        var frames = 0;
        using var sink = new TestSink(_ =>
        {
            if (++frames == 3)
                vivid.Press(Vivid.VIVID_CID_DISCONNECT);
        });
        FrameStreams.Receive(new CopyReceiver(streams.Receiving, sink, FrameStreamTests.Options()));
        var failure = Assert.Throws<KernelException>(() => sending.GetAwaiter().GetResult());
        Assert.Equal("ENODEV", failure.ErrnoName);
        Assert.True(frames >= 3);
    }

    /// <summary>Whether a luma is white, which vivid computes from RGB.</summary>
    private static bool IsWhite(byte luma) => luma is >= 230 and <= 235;

    private static SourceOptions Options(Vivid vivid, CaptureMemory memory, string format) => new()
    {
        Device = vivid.Path,
        Width = 320,
        Height = 180,
        FrameRate = 60,
        PixelFormat = FourCC.Parse(format),
        Memory = memory,
    };
}
