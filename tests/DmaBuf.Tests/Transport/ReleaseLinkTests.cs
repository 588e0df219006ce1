using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Interop;
using DmaBuf.Sharing;
using DmaBuf.Transport;
using DmaBuf.Waits;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>Tests what the end of a stream says about the peer.</summary>
public sealed class ReleaseLinkTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("unix")]
    [InlineData("tcp")]
    public void A_peer_that_closes_with_unread_data_has_not_read_it(string kind) => With(kind, (near, far, limit) =>
    {
        near.Send(new byte[100], limit);
        Assert.Equal(1, far.Receive(new byte[1], limit));
        far.Dispose();
        using IReleaseLink link = new ReleaseLink(near);
        Assert.Equal("Peer,NotRead", Assert.Throws<PeerException>(() => link.WaitUntilReadAndDone(limit)).ErrorId);
        Assert.True(near.IsReset);
        Assert.True(link.IsDone);
        Assert.Equal("Peer,NotRead", Assert.Throws<PeerException>(() => link.WaitUntilReadAndDone(limit)).ErrorId);
    });

    [Theory]
    [InlineData("unix")]
    [InlineData("tcp")]
    public void A_peer_that_has_read_everything_and_closes_is_done(string kind) => With(kind, (near, far, limit) =>
    {
        near.Send(new byte[100], limit);
        Assert.Equal(100, far.Receive(new byte[200], limit));
        using var link = new ReleaseLink(near);
        Assert.False(link.IsDone);
        far.Dispose();
        link.WaitUntilDone(limit);
        Assert.False(near.IsReset);
    });

    /// <summary>MSG_PEEK would miss an end behind bytes that nobody reads, and POLLIN would spin on them.</summary>
    [Theory]
    [InlineData("unix")]
    [InlineData("tcp")]
    public void The_end_is_seen_behind_bytes_that_stay_unread(string kind) => With(kind, (near, far, limit) =>
    {
        far.Send("not asked for"u8, limit);
        using var link = new ReleaseLink(near);
        Assert.False(link.IsDone);
        far.Dispose();
        link.WaitUntilDone(limit);
        Assert.Equal(13, near.Receive(new byte[100], limit));
    });

    [Fact]
    public void Disposing_the_link_ends_another_threads_wait_without_a_release() => With("unix", (near, far, limit) =>
    {
        var link = new ReleaseLink(near);
        var wait = Task.Run(() =>
        {
            using var own = new WaitLimit(s_limit);
            link.WaitUntilDone(own);
        }, TestContext.Current.CancellationToken);
        Thread.Sleep(50);
        link.Dispose();
        var failure = Assert.Throws<AggregateException>(wait.Wait).InnerException;
        Assert.Equal("Buffer,LinkEnded", Assert.IsType<BufferException>(failure).ErrorId);
        Assert.False(link.IsDone);
        Assert.False(far.IsReset);
    });

    [Theory]
    [InlineData("unix")]
    [InlineData("tcp")]
    public void One_thread_reads_while_another_writes(string kind) => With(kind, (near, far, limit) =>
    {
        const int Length = 4 << 20;
        var threads = new[] { (near, far), (far, near) }.Select(way => new Thread(() =>
        {
            using var own = new WaitLimit(s_limit);
            way.Item1.Send(Buffers.Pattern(Length), own);
        })).ToList();
        threads.ForEach(thread => thread.Start());
        var received = new[] { near, far }.Select(stream => Task.Run(() => ReadAll(stream, Length))).ToArray();
        Assert.All(received, task => Assert.Equal(Buffers.Pattern(Length), task.Result));
        threads.ForEach(thread => thread.Join());
    });

    [Fact]
    public void A_peer_that_closes_at_any_byte_of_its_references_is_refused()
    {
        byte[] blob = [3, 0, 0, 0, 8, 0, 0, 0, 9, 0, 0, 0, 10, 0, 0, 0];
        for (var length = 0; length < blob.Length; length++)
        {
            With("unix", (near, far, limit) =>
            {
                far.Send(blob.AsSpan(0, length), limit);
                far.Dispose();
                Assert.Equal(
                    "Peer,ClosedEarly",
                    Assert.Throws<PeerException>(() => GrantBlob.Receive(near, 1, 0, limit)).ErrorId);
            });
        }
    }

    /// <summary>The blob has 16 bytes. In each round, the peer reads one more of them before it closes.</summary>
    [Theory]
    [InlineData("unix")]
    [InlineData("tcp")]
    public void Closing_before_all_references_have_been_read_is_not_a_release(string kind)
    {
        var grants = new GrantRefs { Domain = 1, PeerDomain = 0, Refs = [8, 9, 10] };
        for (var length = 0; length < 16; length++)
        {
            With(kind, (near, far, limit) =>
            {
                GrantBlob.Send(near, grants, limit);
                _ = ReadAll(far, length);
                if (length == 0)
                    Thread.Sleep(5);
                far.Dispose();
                using IReleaseLink link = new ReleaseLink(near);
                Assert.Equal(
                    "Peer,NotRead", Assert.Throws<PeerException>(() => link.WaitUntilReadAndDone(limit)).ErrorId);
            });
        }
    }

    [Fact]
    public void A_connection_that_was_reset_before_it_was_accepted_is_not_a_release()
    {
        using var limit = new WaitLimit(s_limit);
        var port = StreamTests.FreePort();
        using var listener = StreamListener.Listen(Endpoint.Parse($"tcpd:127.0.0.1:{port}"));
        using (var scan = new System.Net.Sockets.TcpClient("127.0.0.1", port) { LingerState = new(true, 0) })
        {
        }

        using var near = listener.Accept(limit);
        limit.ForEvent(near.Descriptor, Poll.POLLRDHUP, "the reset");
        var failure = Assert.Throws<KernelException>(() => near.Send(new byte[44], limit));
        Assert.Contains(failure.ErrorId, new[] { "send,EPIPE", "send,ECONNRESET" });
        Assert.True(near.IsReset);
    }

    private static byte[] ReadAll(ByteStream stream, int length)
    {
        using var own = new WaitLimit(s_limit);
        var bytes = new byte[length];
        for (var done = 0; done < length;)
            done += stream.Receive(bytes.AsSpan(done), own);
        return bytes;
    }

    private static void With(string kind, Action<ByteStream, ByteStream, WaitLimit> work)
    {
        using var folder = new ScratchFolder();
        using var limit = new WaitLimit(s_limit);
        var port = StreamTests.FreePort();
        var (listening, connecting) = kind == "unix"
            ? ($"unixd:{folder.File("s")}", $"unix:{folder.File("s")}")
            : ($"tcpd:127.0.0.1:{port}", $"tcp:127.0.0.1:{port}");
        using var listener = StreamListener.Listen(Endpoint.Parse(listening));
        using var near = StreamConnector.Connect(Endpoint.Parse(connecting), limit);
        using var far = listener.Accept(limit);
        work(near, far, limit);
    }
}
