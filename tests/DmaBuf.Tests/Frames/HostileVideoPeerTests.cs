using System.Buffers.Binary;
using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Frames;
using DmaBuf.Sharing;
using DmaBuf.Waits;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>Senders and receivers that break the protocol: a clear failure, and nothing left behind.</summary>
public sealed class HostileVideoPeerTests
{
    private static readonly StreamFormat s_format = new(16, 16, FourCC.Parse("YUYV"), 512, 2);

    [Fact]
    public void A_frame_over_sizeimage_is_refused() =>
        Refused("513 bytes, more than the 512", CopyFrame(0, 513));

    [Fact]
    public void What_is_no_frame_is_refused() => Refused("not a frame", new byte[VideoWire.CopyHeadSize]);

    [Fact]
    public void A_frame_that_is_cut_off_is_refused() =>
        Refused("412 bytes before the end", CopyFrame(0, 512, 100), "Peer,ClosedEarly");

    [Fact]
    public void An_index_counts_modulo_the_number_of_buffers()
    {
        using var streams = new FrameStreams();
        SendHello(streams);
        streams.Sending.Send(CopyFrame(uint.MaxValue, 512, 512), Limit());
        streams.Sending.Dispose();
        var indices = new List<int>();
        using var sink = new TestSink(frame => indices.Add(frame.Index));
        FrameStreams.Receive(new CopyReceiver(streams.Receiving, sink, FrameStreamTests.Options()));
        Assert.Equal([1], indices);
    }

    [Theory]
    [InlineData(0u, 0x1000u, 1u, 4096u, 0u, "the flags 0x0")]
    [InlineData(1u, 0x1000u, 0u, 4096u, 0u, "0 grant references")]
    [InlineData(1u, 0x1000u, 4001u, 4096u, 0u, "4001 grant references")]
    [InlineData(1u, 0x1000u, 1u, 0u, 0u, "pages of 0 bytes")]
    [InlineData(1u, 0x1000u, 1u, 65536u, 0u, "pages of 65536 bytes")]
    [InlineData(1u, 0x1000u, 1u, 4096u, 9u, "pages of domain 9, not 3")]
    public void A_handle_that_cannot_be_is_refused(
        uint flags, ulong length, uint count, uint pageSize, uint domain, string said)
    {
        using var streams = new FrameStreams();
        SendHello(streams);
        streams.Sending.Send(Handle(new BufferHandle(flags, 1, length, count, pageSize, domain)), Limit());
        var failure = Assert.Throws<PeerException>(() => ReceiveShared(streams, new TestSink()));
        Assert.Equal("Peer,BadMessage", failure.ErrorId);
        Assert.Contains(said, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4097)]
    public void A_handle_longer_than_its_buffer_is_refused(int length) => OpenDescriptors.StayTheSame(() =>
    {
        using var streams = new FrameStreams();
        SendHello(streams);
        SendBuffer(streams, 1, (ulong)length);
        var failure = Assert.Throws<PeerException>(() => ReceiveShared(streams, new TestSink()));
        Assert.Contains($"a length of {length} bytes in a buffer of 4096", failure.Message, StringComparison.Ordinal);
    });

    [Fact]
    public void A_handle_that_comes_twice_is_refused()
    {
        using var streams = new FrameStreams();
        SendHello(streams);
        SendBuffer(streams, 1, 512);
        SendBuffer(streams, 1, 512);
        var failure = Assert.Throws<PeerException>(() => ReceiveShared(streams, new TestSink()));
        Assert.Contains("the handle 1 twice", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_handle_without_its_descriptor_is_refused()
    {
        using var streams = new FrameStreams();
        SendHello(streams);
        streams.Sending.Send(Handle(new BufferHandle(VideoWire.Descriptor, 1, 512, 0, 0, 0)), Limit());
        streams.Sending.Send("A"u8, Limit());
        var failure = Assert.Throws<PeerException>(() => ReceiveShared(streams, new TestSink()));
        Assert.Equal("Peer,NoDescriptor", failure.ErrorId);
    }

    [Theory]
    [InlineData(7, 512, "the unknown handle 7")]
    [InlineData(2, 513, "513 bytes in a buffer of 512")]
    public void A_frame_in_no_buffer_is_refused(int handle, int bytes, string said)
    {
        using var streams = new FrameStreams();
        SendHello(streams);
        SendBuffer(streams, 1, 512);
        SendBuffer(streams, 2, 512);
        streams.Sending.Send(SharedFrame((ulong)handle, (uint)bytes, 0), Limit());
        var failure = Assert.Throws<PeerException>(() => ReceiveShared(streams, new TestSink()));
        Assert.Contains(said, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sender_that_closes_after_each_byte_ends_the_receiver_without_a_trace()
    {
        byte[] whole = [.. Hello(), .. CopyFrame(0, 64, 64)];
        OpenDescriptors.StayTheSame(() =>
        {
            for (var count = 0; count < whole.Length; count += 7)
            {
                using var streams = new FrameStreams();
                streams.Sending.Send(whole.AsSpan(0, count), Limit());
                streams.Sending.Dispose();
                using var sink = new TestSink();
                using var receiver = new CopyReceiver(streams.Receiving, sink, FrameStreamTests.Options());
                if (count == VideoWire.HelloSize)
                    receiver.Run();
                else
                    Assert.Equal("Peer,ClosedEarly", Assert.Throws<PeerException>(() => receiver.Run()).ErrorId);
            }
        });
    }

    [Fact]
    public void A_receiver_that_never_acknowledges_loses_its_oldest_frames_and_stops_nothing()
    {
        using var streams = new FrameStreams();
        using var source = FrameStreams.Pattern(rate: 200);
        var warnings = 0;
        var options = new SendOptions { FrameCount = 12, AckTimeout = TimeSpan.FromMilliseconds(20) };
        var sender = new ZeroCopySender(streams.Sending, source, new DescriptorCarrier(), options);
        sender.Overwriting += (_, _) => warnings++;
        var summary = streams.Send(sender).Result;
        // Three of the four buffers may be out; the last three frames overwrite nothing.
        Assert.Equal((12, 12, 9, 1), (summary.Frames, summary.LateAcks, summary.Overwritten, warnings));
    }

    [Fact]
    public void Acks_that_come_late_or_twice_or_for_another_frame_are_drained()
    {
        using var streams = new FrameStreams();
        using var source = FrameStreams.Pattern(rate: 100);
        var options = new SendOptions { FrameCount = 8, AckTimeout = TimeSpan.FromMinutes(1) };
        var sending = streams.Send(new ZeroCopySender(streams.Sending, source, new DescriptorCarrier(), options));
        var head = SkipSetUp(streams, 4);
        Ack(streams, new FrameAck(0, 99, 0));
        Ack(streams, new FrameAck(0, 1, 99));
        for (var i = 0; i < 8; i++)
        {
            Assert.True(ZeroCopyHead.TryRead(head, out var frame));
            Ack(streams, new FrameAck(0, frame.HandleId, frame.Sequence));
            if (i == 7)
                break;
            Ack(streams, new FrameAck(0, frame.HandleId, frame.Sequence));
            Assert.Equal(0, streams.Receiving.ReceiveAll(head, Limit()));
        }

        var summary = sending.Result;
        Assert.Equal(
            (8, 0, 0, 9), (summary.Frames, summary.LateAcks, summary.Overwritten, summary.StrayAcks));
    }

    [Fact]
    public void A_receiver_that_sends_anything_but_acks_is_refused()
    {
        using var streams = new FrameStreams();
        using var source = FrameStreams.Pattern(rate: 100);
        var sending = streams.Send(
            new ZeroCopySender(streams.Sending, source, new DescriptorCarrier(), new SendOptions()));
        SkipSetUp(streams, 4);
        streams.Receiving.Send(new byte[VideoWire.AckSize], Limit());
        var failure = Assert.Throws<PeerException>(() => sending.GetAwaiter().GetResult());
        Assert.Contains("not an ack", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_limit_the_sender_waits_for_an_ack()
    {
        using var streams = new FrameStreams();
        using var source = FrameStreams.Pattern();
        var options = new SendOptions { FrameCount = 4, AckTimeout = null };
        var sending = streams.Send(new ZeroCopySender(streams.Sending, source, new DescriptorCarrier(), options));
        var head = SkipSetUp(streams, 4);
        for (var i = 1; i < 3; i++)
            Assert.Equal(0, streams.Receiving.ReceiveAll(head, Limit()));
        using var soon = new WaitLimit(TimeSpan.FromMilliseconds(300));
        Assert.Throws<WaitTimeoutException>(() => streams.Receiving.ReceiveAll(new byte[1], soon));
        Assert.True(ZeroCopyHead.TryRead(head, out var last));
        Ack(streams, new FrameAck(0, last.HandleId, last.Sequence));
        Assert.Equal(0, streams.Receiving.ReceiveAll(head, Limit()));
        streams.Receiving.Dispose();
        Assert.Equal((4, 0), (sending.Result.Frames, sending.Result.LateAcks));
    }

    [Fact]
    public void A_flood_of_acks_does_not_keep_the_sender_from_its_frames_or_from_a_stop()
    {
        using var streams = new FrameStreams();
        using var source = FrameStreams.Pattern();
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        using var sender = new ZeroCopySender(
            streams.Sending, source, new DescriptorCarrier(), new SendOptions { AckTimeout = null }, stop.Token);
        var sending = Task.Factory.StartNew(
            () => sender.Run(), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        SkipSetUp(streams, 4);
        var acks = new byte[64 * VideoWire.AckSize];
        for (var i = 0; i < 64; i++)
            new FrameAck(0, 99, 99).Write(acks.AsSpan(i * VideoWire.AckSize));
        for (var isSeen = false; !sending.IsCompleted;)
        {
            streams.Receiving.TrySend(acks);
            if (isSeen || sender.Summary.StrayAcks == 0)
                continue;
            isSeen = true;
            stop.CancelAfter(500);
        }

        Assert.Throws<OperationCanceledException>(() => sending.GetAwaiter().GetResult());
        Assert.True(sender.Summary.StrayAcks > 0);
    }

    [Fact]
    public void A_receiver_that_refuses_the_stream_is_an_error_at_the_sender()
    {
        using var streams = new FrameStreams();
        using var source = FrameStreams.Pattern();
        var sending = streams.Send(
            new ZeroCopySender(streams.Sending, source, new DescriptorCarrier(), new SendOptions()));
        Assert.Equal(0, streams.Receiving.ReceiveAll(new byte[VideoWire.HelloSize], Limit()));
        streams.Receiving.Dispose();
        var failure = Assert.Throws<PeerException>(() => sending.GetAwaiter().GetResult());
        Assert.Equal("Peer,ClosedEarly", failure.ErrorId);
    }

    private static WaitLimit Limit() => new(TimeSpan.FromSeconds(60));

    private static void Refused(string said, byte[] message, string id = "Peer,BadMessage")
    {
        using var streams = new FrameStreams();
        SendHello(streams);
        streams.Sending.Send(message, Limit());
        streams.Sending.Dispose();
        using var sink = new TestSink();
        var failure = Assert.Throws<PeerException>(() =>
            FrameStreams.Receive(new CopyReceiver(streams.Receiving, sink, FrameStreamTests.Options())));
        Assert.Equal(id, failure.ErrorId);
        Assert.Contains(said, failure.Message, StringComparison.Ordinal);
    }

    private static void ReceiveShared(FrameStreams streams, TestSink sink)
    {
        var options = FrameStreamTests.Options() with { OwnDomain = 5, Domain = 3 };
        FrameStreams.Receive(new ZeroCopyReceiver(streams.Receiving, sink, options));
    }

    private static byte[] Hello()
    {
        var bytes = new byte[VideoWire.HelloSize];
        s_format.Write(bytes);
        return bytes;
    }

    private static void SendHello(FrameStreams streams) => streams.Sending.Send(Hello(), Limit());

    private static void SendBuffer(FrameStreams streams, ulong id, ulong length)
    {
        using var buffer = MemFdAllocator.Allocate(4096);
        streams.Sending.Send(Handle(new BufferHandle(VideoWire.Descriptor, id, length, 0, 0, 0)), Limit());
        DescriptorHandOff.Send(streams.Sending, buffer, Limit());
    }

    private static byte[] Handle(BufferHandle handle)
    {
        var bytes = new byte[VideoWire.HandleSize];
        handle.Write(bytes, []);
        return bytes;
    }

    private static byte[] CopyFrame(uint index, uint claimed, int bytes = 0)
    {
        var message = new byte[VideoWire.CopyHeadSize + bytes];
        new CopyHead(index, claimed, 0, 0, default).Write(message);
        return message;
    }

    private static byte[] SharedFrame(ulong handle, uint bytes, ulong sequence)
    {
        var message = new byte[VideoWire.ZeroCopyHeadSize];
        new ZeroCopyHead(0, bytes, 0, handle, sequence, default).Write(message);
        return message;
    }

    /// <summary>Reads the hello and the buffers, and returns the first frame.</summary>
    private static byte[] SkipSetUp(FrameStreams streams, int buffers)
    {
        var limit = Limit();
        Assert.Equal(0, streams.Receiving.ReceiveAll(new byte[VideoWire.HelloSize], limit));
        for (var i = 0; i < buffers; i++)
        {
            var handle = new byte[VideoWire.HandleSize];
            Assert.Equal(0, streams.Receiving.ReceiveAll(handle, limit));
            Assert.Equal(VideoWire.HandleMagic, BinaryPrimitives.ReadUInt32BigEndian(handle));
            DescriptorHandOff.ReceiveShared(streams.Receiving, limit).Dispose();
        }

        var head = new byte[VideoWire.ZeroCopyHeadSize];
        Assert.Equal(0, streams.Receiving.ReceiveAll(head, limit));
        return head;
    }

    private static void Ack(FrameStreams streams, FrameAck ack)
    {
        var bytes = new byte[VideoWire.AckSize];
        ack.Write(bytes);
        streams.Receiving.Send(bytes, Limit());
    }
}
