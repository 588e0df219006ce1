using System.Text;
using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Sharing;
using DmaBuf.Transport;
using DmaBuf.Waits;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>Hands descriptors over to a peer in C, and receives them from one.</summary>
public sealed class HandOffTests
{
    private const int RangeSize = 16384;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("listen", "unix")]
    [InlineData("connect", "unixd")]
    [InlineData("connect", "unix")]
    public void A_buffer_from_C_is_read_here_and_the_sender_learns_of_the_release(string cRole, string scheme)
    {
        using var folder = new ScratchFolder();
        using var sender = CProgram.Start("peer", "send", cRole, folder.File("s"), Buffers.Backing);
        AwaitListening(sender, cRole);
        using var limit = new WaitLimit(s_limit);
        using (var source = new StreamSource(Endpoint.Parse($"{scheme}:{folder.File("s")}")))
        using (var buffer = DescriptorHandOff.Receive(source.Next(limit), limit))
        {
            Assert.Equal(
                (4 * RangeSize, BufferOrigin.Received, Buffers.Backing), (buffer.Size, buffer.Origin, buffer.Exporter));
            for (var i = 0; i < 4; i++)
                Assert.Equal(
                    $"range[{i}] {RangeSize} bytes created at 0s\n",
                    new ContentReader(buffer, i * RangeSize).ToText(Encoding.ASCII));
            new ContentWriter(buffer).Write("W"u8.ToArray());
        }

        Assert.Equal(["peer closed", "first byte W"], sender.Finish());
    }

    [Theory]
    [InlineData("listen", "unix")]
    [InlineData("connect", "unixd")]
    public void A_buffer_from_here_is_read_in_C_and_its_write_is_seen(string cRole, string scheme)
    {
        using var folder = new ScratchFolder();
        using var buffer = Buffers.New(2 * RangeSize);
        new ContentWriter(buffer).Write("first\0"u8.ToArray());
        new ContentWriter(buffer, RangeSize).Write("second\0"u8.ToArray());
        using var receiver = CProgram.Start("peer", "receive", cRole, folder.File("s"));
        AwaitListening(receiver, cRole);
        using var limit = new WaitLimit(s_limit);
        using (var source = new StreamSource(Endpoint.Parse($"{scheme}:{folder.File("s")}")))
        using (var peer = source.Next(limit))
        {
            DescriptorHandOff.Send(peer, buffer, limit);
            new ReleaseLink(peer).WaitUntilDone(limit);
        }

        Assert.Equal(["received 1 byte 'A', buffer of 32768 bytes", "first", "second"], receiver.Finish());
        Assert.Equal("!irst", new ContentReader(buffer).ToText(Encoding.ASCII));
    }

    [Theory]
    [InlineData("close", "Peer,ClosedEarly")]
    [InlineData("no-descriptor", "Peer,NoDescriptor")]
    [InlineData("two-descriptors", "Peer,TooManyDescriptors")]
    [InlineData("eight-descriptors", "Peer,TooManyDescriptors")]
    [InlineData("two-bytes", "Peer,ExtraData")]
    [InlineData("pipe", "Buffer,NotABuffer")]
    [InlineData("closed-pipe", "Buffer,NotABuffer")]
    [InlineData("file", "Buffer,NotABuffer")]
    [InlineData("unsealed-memfd", "Buffer,NotSealed")]
    [InlineData("huge-memfd", "Buffer,NotSealed")]
    [InlineData("nothing", "Wait,ETIMEDOUT")]
    public void Whatever_a_bad_peer_sends_is_refused_and_closed(string misbehaviour, string errorId)
    {
        using var folder = new ScratchFolder();
        OpenDescriptors.StayTheSame(() =>
        {
            using var sender = CProgram.Start("peer", "send", "connect", folder.File("s"), "memfd", misbehaviour);
            using var limit = new WaitLimit(s_limit);
            using var source = new StreamSource(Endpoint.Parse($"unixd:{folder.File("s")}"));
            using var peer = source.Next(limit);
            using var part = limit.AtMost(misbehaviour == "nothing" ? TimeSpan.FromMilliseconds(200) : s_limit);
            Assert.Equal(
                errorId, Assert.ThrowsAny<DmaBufException>(() => DescriptorHandOff.Receive(peer, part)).ErrorId);
        });
        Assert.True(folder.IsEmpty);
    }

    [Fact]
    public void Running_out_of_descriptors_on_receipt_is_not_blamed_on_the_peer()
    {
        using var folder = new ScratchFolder();
        using var limit = new WaitLimit(s_limit);
        using var buffer = Buffers.New(4096);
        using var listener = StreamListener.Listen(Endpoint.Parse("unixd:" + folder.File("s")));
        using var sending = StreamConnector.Connect(Endpoint.Parse("unix:" + folder.File("s")), limit);
        using var receiving = listener.Accept(limit);
        DescriptorHandOff.Send(sending, buffer, limit);
        DmaBufException failure;
        using (new DescriptorLimit())
            failure = Assert.ThrowsAny<DmaBufException>(() => DescriptorHandOff.Receive(receiving, limit));
        Assert.Equal("recvmsg,EMFILE", failure.ErrorId);
        Assert.Contains("ulimit -n", failure.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void A_buffer_that_was_sent_read_only_can_be_read_and_refuses_writes()
    {
        using var folder = new ScratchFolder();
        using var sender = CProgram.Start("peer", "send", "connect", folder.File("s"), "memfd", "read-only");
        using var limit = new WaitLimit(s_limit);
        using var source = new StreamSource(Endpoint.Parse($"unixd:{folder.File("s")}"));
        using var buffer = DescriptorHandOff.Receive(source.Next(limit), limit);
        Assert.Equal(RangeSize, new ContentReader(buffer).ToArray().Length);
        Assert.Equal(
            "Buffer,ReadOnly",
            Assert.Throws<BufferException>(() => new ContentWriter(buffer).Write(new byte[1])).ErrorId);
    }

    [Fact]
    public void A_buffer_that_was_sent_write_only_says_why_it_cannot_be_mapped()
    {
        using var folder = new ScratchFolder();
        using var sender = CProgram.Start("peer", "send", "connect", folder.File("s"), "memfd", "write-only");
        using var limit = new WaitLimit(s_limit);
        using var source = new StreamSource(Endpoint.Parse($"unixd:{folder.File("s")}"));
        using var buffer = DescriptorHandOff.Receive(source.Next(limit), limit);
        var failure = Assert.Throws<KernelException>(() => new ContentReader(buffer).ToArray());
        Assert.Equal("mmap,EACCES", failure.ErrorId);
        Assert.Contains("writing only", failure.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void A_peer_that_is_killed_counts_as_done()
    {
        using var folder = new ScratchFolder();
        using var buffer = Buffers.New(4096);
        using var sender = CProgram.Start("peer", "send", "connect", folder.File("s"), "memfd", "nothing");
        using var limit = new WaitLimit(s_limit);
        using var source = new StreamSource(Endpoint.Parse($"unixd:{folder.File("s")}"));
        using var peer = source.Next(limit);
        DescriptorHandOff.Send(peer, buffer, limit);
        sender.Kill();
        new ReleaseLink(peer).WaitUntilDone(limit);
    }

    [Fact]
    public void The_sender_learns_of_the_release_once_the_memory_is_unmapped()
    {
        using var folder = new ScratchFolder();
        using var limit = new WaitLimit(s_limit);
        using var listener = StreamListener.Listen(Endpoint.Parse("unixd:" + folder.File("s")));
        using var sent = Buffers.New(8192);
        using var sending = StreamConnector.Connect(Endpoint.Parse("unix:" + folder.File("s")), limit);
        DescriptorHandOff.Send(sending, sent, limit);
        var received = DescriptorHandOff.Receive(listener.Accept(limit), limit);
        var view = received.OpenView(BufferAccess.Read);
        received.Dispose();
        using var link = new ReleaseLink(sending);
        Assert.False(link.IsDone);
        view.Dispose();
        Assert.True(link.IsDone);
    }

    [Fact]
    public void Handing_over_and_releasing_leaks_no_descriptor()
    {
        using var folder = new ScratchFolder();
        OpenDescriptors.StayTheSame(() =>
        {
            using var limit = new WaitLimit(s_limit);
            using var listener = StreamListener.Listen(Endpoint.Parse("unixd:" + folder.File("s")));
            using var sent = Buffers.New(8192);
            using var sending = StreamConnector.Connect(Endpoint.Parse("unix:" + folder.File("s")), limit);
            DescriptorHandOff.Send(sending, sent, limit);
            using var received = DescriptorHandOff.Receive(listener.Accept(limit), limit);
            Assert.Equal(sent.Inode, received.Inode);
        });
    }

    [Theory]
    [InlineData("tcp:127.0.0.1:9")]
    [InlineData("vsockd:-1:9")]
    public void Addresses_that_cannot_carry_descriptors_are_refused(string address) =>
        Assert.Equal(
            AddressFault.CannotPassDescriptors,
            Assert.Throws<AddressException>(() => DescriptorHandOff.CheckEndpoint(Endpoint.Parse(address))).Fault);

    private static void AwaitListening(CProcess process, string role)
    {
        if (role == "listen")
            Assert.Equal("listening", process.ReadLine());
    }
}
