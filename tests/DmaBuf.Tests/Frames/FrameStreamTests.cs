using System.Security.Cryptography;
using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Frames;
using Xunit;

namespace DmaBuf.Tests;

public sealed class FrameStreamTests
{
    private const int Count = 30;

    [Theory]
    [InlineData("unix")]
    [InlineData("tcp")]
    [InlineData("vsock")]
    public void Frames_arrive_as_they_were_sent(string kind)
    {
        if (kind == "vsock")
            Requires.VsockLoopback();
        using var streams = new FrameStreams(kind);
        using var source = FrameStreams.Pattern();
        var sending = streams.Send(new CopySender(streams.Sending, source, new SendOptions { FrameCount = Count }));

        var frames = new List<string>();
        using var sink = new TestSink(frame => frames.Add(Shown(frame)));
        var received = FrameStreams.Receive(new CopyReceiver(streams.Receiving, sink, Options()));

        Assert.Equal(Expected(Count), frames);
        Assert.Equal(new StreamFormat(64, 48, FourCC.Parse("YUYV"), 64 * 48 * 2, 4), sink.Format);
        Assert.Equal((Count, Count * 64 * 48 * 2L, 0L), (received.Frames, received.Bytes, received.Dropped));
        Assert.Equal((Count, FrameTransfer.Copy), (sending.Result.Frames, sending.Result.Transfer));
    }

    [Fact]
    public void Frames_stay_in_buffers_whose_descriptors_are_passed_once()
    {
        using var streams = new FrameStreams();
        using var source = FrameStreams.Pattern();
        var sending = streams.Send(ZeroCopy(streams, source, Count));

        var frames = new List<string>();
        var inodes = new HashSet<ulong>();
        using var sink = new TestSink(frame =>
        {
            inodes.Add(frame.Buffer.Inode);
            frames.Add(Shown(frame));
        });
        var received = FrameStreams.Receive(new ZeroCopyReceiver(streams.Receiving, sink, Options()));

        Assert.Equal(Expected(Count), frames);
        Assert.Equal(source.Frames.Select(frame => frame.Buffer.Inode).Order(), inodes.Order());
        Assert.Equal((Count, FrameTransfer.Descriptors), (received.Frames, received.Transfer));
        Assert.Equal((Count, 0, 0, 0), Losses(sending.Result));
    }

    [Theory]
    [InlineData("YUYV", 6144)]
    [InlineData("NV12", 4608)]
    [InlineData("YU12", 4608)]
    [InlineData("RGB3", 9216)]
    [InlineData("XR24", 12288)]
    [InlineData("GREY", 3072)]
    public void The_test_pattern_has_the_size_of_its_format(string format, int size)
    {
        using var source = FrameStreams.Pattern(format: format);
        Assert.Equal(size, source.Format.SizeImage);
        Assert.Equal(size, source.TryNext()!.BytesUsed);
    }

    [Fact]
    public void A_receiver_that_has_enough_ends_the_sender()
    {
        using var streams = new FrameStreams();
        using var source = FrameStreams.Pattern();
        var sending = streams.Send(ZeroCopy(streams, source, long.MaxValue));
        using var sink = new TestSink();
        var received = FrameStreams.Receive(
            new ZeroCopyReceiver(streams.Receiving, sink, Options() with { FrameCount = 5 }));
        streams.Receiving.Dispose();
        Assert.Equal(5, received.Frames);
        Assert.True(sending.Wait(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public void A_sink_that_is_closed_ends_the_receiver_although_no_frame_comes()
    {
        using var streams = new FrameStreams();
        using var source = FrameStreams.Pattern(rate: 0.01);
        var sending = streams.Send(new CopySender(streams.Sending, source, new SendOptions()));
        TestSink? sink = null;
        using var closing = new Timer(_ => sink!.IsClosed = true);
        // No other frame comes for a hundred seconds.
        using var first = sink = new TestSink(_ => closing.Change(300, Timeout.Infinite));
        var received = FrameStreams.Receive(new CopyReceiver(streams.Receiving, sink, Options()));
        Assert.Equal(1, received.Frames);
        streams.Receiving.Dispose();
        Assert.True(sending.Wait(TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public void A_frame_that_the_sink_keeps_stays_as_it_is_until_it_is_released()
    {
        using var streams = new FrameStreams();
        using var source = FrameStreams.Pattern();
        var options = new SendOptions { FrameCount = Count, AckTimeout = null };
        var sending = streams.Send(new ZeroCopySender(streams.Sending, source, new DescriptorCarrier(), options));
        var kept = new Queue<(Frame Frame, byte[] Content)>();
        var compared = 0;
        TestSink? sink = null;
        using var keeping = sink = new TestSink(frame =>
        {
            lock (kept)
            {
                kept.Enqueue((frame, Content(frame)));
                if (kept.Count > 2)
                    ReleaseOldest();
            }

            return FrameUse.Kept;
        });
        var receiver = new ZeroCopyReceiver(streams.Receiving, sink, Options());
        using var ending = new Timer(
            _ =>
            {
                lock (kept)
                {
                    while (sending is { IsCompleted: false } && kept.Count > 0)
                        ReleaseOldest();
                }
            },
            null,
            1000,
            100);
        Assert.Equal(Count, FrameStreams.Receive(receiver).Frames);
        Assert.Equal((Count, 0, 0, 0), Losses(sending.Result));
        Assert.InRange(compared, Count - 3, Count);

        void ReleaseOldest()
        {
            lock (kept)
            {
                var (frame, content) = kept.Dequeue();
                Assert.Equal(content, Content(frame));
                compared++;
                sink!.Release!(frame);
            }
        }
    }

    [Fact]
    public void A_receiver_slower_than_the_source_gets_the_newest_frames()
    {
        using var streams = new FrameStreams();
        using var source = FrameStreams.Pattern(rate: 200);
        var sending = streams.Send(ZeroCopy(streams, source, 10));
        using var sink = new TestSink(_ => Thread.Sleep(50));
        var received = FrameStreams.Receive(new ZeroCopyReceiver(streams.Receiving, sink, Options()));
        Assert.Equal(10, received.Frames);
        Assert.True(sending.Result.Dropped > 10, $"{sending.Result.Dropped} dropped");
        // Frames in the sender's buffers are older than those that were dropped after them.
        Assert.InRange(received.Dropped, 10, sending.Result.Dropped);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_frame_costs_no_allocation(bool zeroCopy)
    {
        const int Warm = 100;
        const int Measured = 1000;
        using var streams = new FrameStreams();
        using var source = FrameStreams.Pattern();
        var allocated = new long[2];
        var (seen, sent) = (0, 0);
        using var sink = new TestSink(_ =>
        {
            if (++seen == Warm)
                allocated[0] = -GC.GetAllocatedBytesForCurrentThread();
            else if (seen == Warm + Measured)
                allocated[0] += GC.GetAllocatedBytesForCurrentThread();
        });
        var options = new SendOptions { FrameCount = Warm + Measured + 10 };
        FrameSender sender = zeroCopy
            ? new ZeroCopySender(streams.Sending, source, new DescriptorCarrier(), options)
            : new CopySender(streams.Sending, source, options);
        var sending = Task.Factory.StartNew(
            () => sender.Run(_ =>
            {
                if (++sent == Warm)
                    allocated[1] = -GC.GetAllocatedBytesForCurrentThread();
                else if (sent == Warm + Measured)
                    allocated[1] += GC.GetAllocatedBytesForCurrentThread();
            }),
            TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        FrameReceiver receiver = zeroCopy
            ? new ZeroCopyReceiver(streams.Receiving, sink, Options() with { FrameCount = options.FrameCount })
            : new CopyReceiver(streams.Receiving, sink, Options() with { FrameCount = options.FrameCount });
        FrameStreams.Receive(receiver);
        Assert.True(sending.Wait(TimeSpan.FromSeconds(60)));
        sender.Dispose();
        Assert.True(seen >= Warm + Measured && sent >= Warm + Measured);
        // The first wait of its kind makes its set of descriptors, whenever that is.
        Assert.All(allocated, bytes => Assert.InRange(bytes, 0, Measured));
    }

    [Fact]
    public void Many_frames_leave_nothing_behind()
    {
        OpenDescriptors.StayTheSame(() =>
        {
            foreach (var zeroCopy in new[] { false, true })
            {
                using var streams = new FrameStreams();
                using var source = FrameStreams.Pattern(16, 16);
                var options = new SendOptions { FrameCount = 2000 };
                FrameSender sender = zeroCopy
                    ? new ZeroCopySender(streams.Sending, source, new DescriptorCarrier(), options)
                    : new CopySender(streams.Sending, source, options);
                var sending = streams.Send(sender);
                using var sink = new TestSink();
                FrameReceiver receiver = zeroCopy
                    ? new ZeroCopyReceiver(streams.Receiving, sink, Options())
                    : new CopyReceiver(streams.Receiving, sink, Options());
                Assert.Equal(2000, FrameStreams.Receive(receiver).Frames);
                Assert.Equal(2000, sending.Result.Frames);
            }
        });
    }

    [Fact]
    [Trait("Only", "Host")]
    public void A_hundred_thousand_frames_leave_the_memory_as_it_is()
    {
        const int Frames = 100_000;
        using var streams = new FrameStreams();
        using var source = FrameStreams.Pattern(16, 16);
        var sending = streams.Send(ZeroCopy(streams, source, Frames));
        var (early, seen) = (0L, 0);
        using var sink = new TestSink(_ =>
        {
            if (++seen == Frames / 10)
                early = Environment.WorkingSet;
        });
        Assert.Equal(Frames, FrameStreams.Receive(new ZeroCopyReceiver(streams.Receiving, sink, Options())).Frames);
        Assert.Equal((Frames, 0, 0, 0), Losses(sending.Result));
        Assert.InRange(Environment.WorkingSet - early, long.MinValue, 8 << 20);
    }

    [Fact]
    public void A_frame_that_is_released_after_the_stream_has_ended_is_no_longer_anybodys()
    {
        using var streams = new FrameStreams();
        using var source = FrameStreams.Pattern();
        var options = new SendOptions { FrameCount = 1, AckTimeout = TimeSpan.FromMilliseconds(200) };
        var sending = streams.Send(new ZeroCopySender(streams.Sending, source, new DescriptorCarrier(), options));
        var kept = new List<Frame>();
        using var sink = new TestSink(frame =>
        {
            kept.Add(frame);
            return FrameUse.Kept;
        });
        FrameStreams.Receive(new ZeroCopyReceiver(streams.Receiving, sink, Options()));
        streams.Receiving.Dispose();
        sink.Release!(Assert.Single(kept));
        Assert.Equal((1, 1, 0, 0), Losses(sending.Result));
    }

    [Fact]
    public void A_frame_too_large_for_a_handle_is_refused_with_the_numbers()
    {
        using var source = FrameStreams.Pattern(3840, 2160);
        var failure = Assert.Throws<BufferException>(() => new GrantCarrier(source, 0, 1));
        Assert.Contains("16588800 bytes", failure.Message, StringComparison.Ordinal);
        Assert.Contains("16384000", failure.Message, StringComparison.Ordinal);
    }

    internal static ReceiveOptions Options() => new() { Allocate = FrameStreams.Allocate };

    /// <summary>A frame's number and content, for comparison.</summary>
    internal static string Shown(Frame frame) =>
        $"{frame.Sequence}: {Convert.ToHexString(SHA256.HashData(Content(frame)))}";

    internal static byte[] Content(Frame frame)
    {
        using var view = frame.Buffer.OpenView(BufferAccess.Read);
        return view.Slice(0, frame.BytesUsed).ToArray();
    }

    /// <summary>A sender to a receiver that acknowledges every frame, however slow the machine is.</summary>
    private static ZeroCopySender ZeroCopy(FrameStreams streams, FrameSource source, long count) => new(
        streams.Sending,
        source,
        new DescriptorCarrier(),
        new SendOptions { FrameCount = count, AckTimeout = TimeSpan.FromMinutes(1) });

    private static (long Frames, long Late, long Overwritten, long Stray) Losses(StreamSummary summary) =>
        (summary.Frames, summary.LateAcks, summary.Overwritten, summary.StrayAcks);

    private static List<string> Expected(int count)
    {
        using var source = FrameStreams.Pattern();
        var frames = new List<string>();
        for (var i = 0; i < count; i++)
        {
            var frame = source.TryNext()!;
            frames.Add(Shown(frame));
            source.Return(frame);
        }

        return frames;
    }
}
