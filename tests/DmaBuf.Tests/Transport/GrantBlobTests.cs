using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Sharing;
using DmaBuf.Transport;
using DmaBuf.Waits;
using Xunit;

namespace DmaBuf.Tests;

public sealed class GrantBlobTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    [Fact]
    public void References_go_over_the_wire_as_a_count_and_words()
    {
        var grants = new GrantRefs { Domain = 1, PeerDomain = 0, Refs = [0x219, 0x218, 0xffffffff] };
        byte[] expected = [3, 0, 0, 0, 0x19, 2, 0, 0, 0x18, 2, 0, 0, 0xff, 0xff, 0xff, 0xff];
        WithPeers((sending, receiving, limit) =>
        {
            GrantBlob.Send(sending, grants, limit);
            var bytes = new byte[expected.Length];
            for (var done = 0; done < bytes.Length;)
                done += receiving.Receive(bytes.AsSpan(done), limit);
            Assert.Equal(expected, bytes);
        });
    }

    [Fact]
    public void References_that_arrive_in_pieces_are_put_together()
    {
        WithPeers((sending, receiving, limit) =>
        {
            var refs = Enumerable.Range(8, 20000).Select(i => (uint)i).ToArray();
            var sender = new Thread(() =>
            {
                using var own = new WaitLimit(s_limit);
                GrantBlob.Send(sending, new GrantRefs { Domain = 1, PeerDomain = 0, Refs = refs }, own);
            });
            sender.Start();
            var received = GrantBlob.Receive(receiving, 1, 0, limit);
            sender.Join();
            Assert.Equal(refs, received.Refs);
            Assert.Equal(
                (1, 0, 20000, 20000L * 4096), (received.Domain, received.PeerDomain, received.Count, received.Size));
        });
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 0 }, "Peer,BadCount")]
    [InlineData(new byte[] { 255, 255, 255, 255 }, "Peer,BadCount")]
    [InlineData(new byte[] { 4, 0, 0, 0, 1, 0, 0, 0 }, "Peer,ClosedEarly")]
    [InlineData(new byte[] { 4, 0 }, "Peer,ClosedEarly")]
    [InlineData(new byte[0], "Peer,ClosedEarly")]
    public void A_blob_that_is_cut_short_or_announces_nonsense_is_refused(byte[] bytes, string errorId)
    {
        WithPeers((sending, receiving, limit) =>
        {
            sending.Send(bytes, limit);
            sending.Dispose();
            Assert.Equal(
                errorId, Assert.Throws<PeerException>(() => GrantBlob.Receive(receiving, 1, 0, limit)).ErrorId);
        });
    }

    [Theory]
    [InlineData(new byte[] { 4 })]
    [InlineData(new byte[] { 4, 0, 0, 0, 1, 0 })]
    public void A_peer_that_stalls_in_the_middle_of_a_blob_times_out(byte[] bytes)
    {
        WithPeers((sending, receiving, limit) =>
        {
            sending.Send(bytes, limit);
            using var part = limit.AtMost(TimeSpan.FromMilliseconds(100));
            Assert.Throws<WaitTimeoutException>(() => GrantBlob.Receive(receiving, 1, 0, part));
        });
    }

    private static void WithPeers(Action<ByteStream, ByteStream, WaitLimit> action)
    {
        using var folder = new ScratchFolder();
        using var limit = new WaitLimit(s_limit);
        using var listener = StreamListener.Listen(Endpoint.Parse("unixd:" + folder.File("s")));
        using var sending = StreamConnector.Connect(Endpoint.Parse("unix:" + folder.File("s")), limit);
        using var receiving = listener.Accept(limit);
        action(sending, receiving, limit);
    }
}
