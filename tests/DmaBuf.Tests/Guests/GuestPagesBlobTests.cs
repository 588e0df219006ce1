using DmaBuf.Errors;
using DmaBuf.Guests;
using DmaBuf.Sharing;
using DmaBuf.Transport;
using DmaBuf.Waits;
using Xunit;

namespace DmaBuf.Tests;

public sealed class GuestPagesBlobTests
{
    private static readonly byte[] s_golden =
    [
        0x44, 0x4d, 0x41, 0x47, 1, 0, 0, 0, 0, 0x30, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 2, 0, 0, 0,
        0x34, 0x12, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
    ];

    [Fact]
    public void Pages_go_over_the_wire_as_documented()
    {
        var pages = new GuestPages { FrameSize = 4096, Ranges = [new(0x1234, 2), new(0x100000000, 1)] };
        Assert.Equal(s_golden, GuestPagesBlob.ToBytes(pages));
        Assert.Equal(pages, Receive(s_golden));
    }

    [Theory]
    [InlineData(0, 0, "Peer,BadMessage")]
    [InlineData(4, 2, "Peer,Incompatible")]
    [InlineData(8, 1, "Peer,BadMessage")]
    [InlineData(16, 1, "Guest,BadPages")]
    [InlineData(20, 0, "Peer,BadCount")]
    [InlineData(23, 0xff, "Peer,BadCount")]
    [InlineData(20, 3, "Peer,ClosedEarly")]
    [InlineData(32, 0, "Guest,BadPages")]
    [InlineData(31, 0xff, "Guest,BadPages")]
    public void A_byte_that_does_not_fit_is_refused(int at, byte value, string errorId)
    {
        var bytes = (byte[])s_golden.Clone();
        bytes[at] = value;
        Assert.Equal(errorId, Assert.ThrowsAny<DmaBufException>(() => Receive(bytes)).ErrorId);
    }

    [Fact]
    public void Every_shorter_message_is_closed_early()
    {
        for (var length = 0; length < s_golden.Length; length++)
        {
            var failure = Assert.Throws<PeerException>(() => Receive(s_golden[..length]));
            Assert.Equal(PeerFault.ClosedEarly, failure.Fault);
        }
    }

    private static GuestPages Receive(byte[] bytes)
    {
        using var folder = new ScratchFolder();
        using var limit = new WaitLimit(TimeSpan.FromSeconds(20));
        using var listener = StreamListener.Listen(Endpoint.Parse($"unixd:{folder.File("s")}"));
        using var sending = StreamConnector.Connect(Endpoint.Parse($"unix:{folder.File("s")}"), limit);
        using var receiving = listener.Accept(limit);
        sending.Send(bytes, limit);
        sending.Dispose();
        return GuestPagesBlob.Receive(receiving, limit);
    }
}
