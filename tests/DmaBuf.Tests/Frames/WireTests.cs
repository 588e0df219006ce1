using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Frames;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>The bytes of each message, against examples that were written by hand from the protocol.</summary>
public sealed class WireTests
{
    private static readonly VideoTime s_time = VideoTime.Of(TimeSpan.FromMicroseconds(5_000_007));

    [Fact]
    public void A_hello_is_28_bytes()
    {
        var bytes = new byte[VideoWire.HelloSize];
        var format = new StreamFormat(640, 480, FourCC.Parse("YUYV"), 614400, 4);
        format.Write(bytes);
        Assert.Equal(Hex("56344c42 00000002 00000280 000001e0 56595559 00096000 00000004"), bytes);
        Assert.Equal(format, StreamFormat.Read(bytes, StreamLimits.Default, "a peer"));
    }

    [Fact]
    public void The_head_of_a_copied_frame_is_40_bytes()
    {
        var bytes = new byte[VideoWire.CopyHeadSize];
        var head = new CopyHead(3, 614400, 0x2001, 0x1_0000_0002, s_time);
        head.Write(bytes);
        Assert.Equal(
            Hex("5652464d 00000003 00096000 00002001 0000000100000002 0000000000000005 0000000000000007"), bytes);
        Assert.True(CopyHead.TryRead(bytes, out var read));
        Assert.Equal(head, read);
    }

    [Fact]
    public void A_handle_is_16040_bytes_with_room_for_4000_references()
    {
        var bytes = new byte[VideoWire.HandleSize];
        var handle = new BufferHandle(1, 7, 8192, 2, 4096, 5);
        handle.Write(bytes, [0x11, 0x22334455]);
        Assert.Equal(16040, bytes.Length);
        Assert.Equal(
            Hex("56484e44 00000001 0000000000000007 0000000000002000 00000002 00001000 00000005 00000000"
                + "00000011 22334455"),
            bytes[..48]);
        Assert.DoesNotContain(bytes[48..], value => value != 0);
        Assert.True(BufferHandle.TryRead(bytes, out var read));
        Assert.Equal(handle, read);
        Assert.Equal([0x11u, 0x22334455u], read.ReadRefs(bytes));
    }

    [Fact]
    public void A_frame_that_stays_in_its_buffer_is_48_bytes()
    {
        var bytes = new byte[VideoWire.ZeroCopyHeadSize];
        var head = new ZeroCopyHead(3, 614400, 0, 7, 9, s_time);
        head.Write(bytes);
        Assert.Equal(
            Hex("5652464d 00000003 00096000 00000000 0000000000000007 0000000000000009 0000000000000005"
                + "0000000000000007"),
            bytes);
        Assert.True(ZeroCopyHead.TryRead(bytes, out var read));
        Assert.Equal(head, read);
    }

    [Fact]
    public void An_ack_is_24_bytes()
    {
        var bytes = new byte[VideoWire.AckSize];
        var ack = new FrameAck(0, 7, 9);
        ack.Write(bytes);
        Assert.Equal(Hex("5652464d 00000000 0000000000000007 0000000000000009"), bytes);
        Assert.True(FrameAck.TryRead(bytes, out var read));
        Assert.Equal(ack, read);
    }

    [Theory]
    [InlineData("00000000 00000002 00000280 000001e0 56595559 00096000 00000004", "BadMessage", "a hello")]
    [InlineData("56344c42 00000003 00000280 000001e0 56595559 00096000 00000004", "Incompatible", "version 3")]
    [InlineData("56344c42 00000002 00000000 000001e0 56595559 00096000 00000004", "BadMessage", "0x480")]
    [InlineData("56344c42 00000002 00000280 7fffffff 56595559 00096000 00000004", "BadMessage", "640x2147483647")]
    [InlineData("56344c42 00000002 00000280 000001e0 56595559 00000000 00000004", "BadMessage", "0 bytes")]
    [InlineData("56344c42 00000002 00000280 000001e0 56595559 00096000 00000000", "BadMessage", "0 buffers")]
    [InlineData("56344c42 00000002 00000280 000001e0 56595559 ffffffff 00000004", "TooLarge", "4294967295 bytes")]
    [InlineData("56344c42 00000002 00000280 000001e0 56595559 00096000 00000021", "TooLarge", "33 buffers")]
    [InlineData("56344c42 00000002 00000280 000001e0 56595559 03000000 00000006", "TooLarge", "268435456 bytes in all")]
    public void A_hello_that_cannot_be_is_refused(string hello, string fault, string said)
    {
        var failure = Assert.Throws<PeerException>(
            () => StreamFormat.Read(Hex(hello), StreamLimits.Default, "a peer"));
        Assert.Equal($"Peer,{fault}", failure.ErrorId);
        Assert.Contains(said, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_time_that_cannot_be_is_zero()
    {
        Assert.Equal(TimeSpan.Zero, new VideoTime(ulong.MaxValue, 0).ToTimeSpan());
        Assert.Equal(TimeSpan.Zero, new VideoTime(0, ulong.MaxValue).ToTimeSpan());
        Assert.Equal(TimeSpan.FromMicroseconds(5_000_007), s_time.ToTimeSpan());
    }

    private static byte[] Hex(string text) =>
        Convert.FromHexString(text.Replace(" ", "", StringComparison.Ordinal));
}
