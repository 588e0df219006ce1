using System.Diagnostics;
using System.Net.Sockets;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Interop;
using DmaBuf.Sharing;
using DmaBuf.Transport;
using DmaBuf.Waits;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>Tests which peers are accepted, how peers connect, and that listening leaves nothing behind.</summary>
public sealed class StreamSourceTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.0.0.0/8", true)]
    [InlineData("::ffff:127.0.0.1", true)]
    [InlineData("10.0.0.0/8", false)]
    [InlineData("127.0.0.2", false)]
    public void A_tcp_peer_is_accepted_by_address_or_range(string from, bool isWanted)
    {
        using var limit = new WaitLimit(s_limit);
        var port = StreamTests.FreePort();
        using var listener = StreamListener.Listen(Endpoint.Parse($"tcpd:127.0.0.1:{port}"));
        using var near = StreamConnector.Connect(Endpoint.Parse($"tcp:127.0.0.1:{port}"), limit);
        using var far = listener.Accept(limit);
        Assert.Equal(isWanted, PeerFilter.Parse(from, EndpointKind.Tcp).IsWanted(far.Remote));
        Assert.StartsWith("127.0.0.1:", $"{far.Remote}", StringComparison.Ordinal);
    }

    [Fact]
    public void A_unix_peer_is_accepted_by_its_users_name_or_number()
    {
        using var folder = new ScratchFolder();
        using var limit = new WaitLimit(s_limit);
        using var listener = StreamListener.Listen(Endpoint.Parse($"unixd:{folder.File("s")}"));
        using var near = StreamConnector.Connect(Endpoint.Parse($"unix:{folder.File("s")}"), limit);
        using var far = listener.Accept(limit);
        var own = Unistd.EffectiveUserId;
        Assert.Equal((Environment.ProcessId, own), (far.Remote.ProcessId, far.Remote.UserId));
        Assert.True(PeerFilter.Parse($"{own}", EndpointKind.Unix).IsWanted(far.Remote));
        Assert.False(PeerFilter.Parse($"{own + 1}", EndpointKind.Unix).IsWanted(far.Remote));
        Assert.Equal(own == 0, PeerFilter.Parse("root", EndpointKind.Unix).IsWanted(far.Remote));
    }

    [Theory]
    [InlineData("host.name", EndpointKind.Tcp)]
    [InlineData("10.0.0.1/40", EndpointKind.Tcp)]
    [InlineData("no-such-user", EndpointKind.Unix)]
    [InlineData("host", EndpointKind.Vsock)]
    public void A_filter_that_names_no_peers_is_refused(string from, EndpointKind kind) =>
        Assert.Equal(AddressFault.BadPeer, Assert.Throws<AddressException>(() => PeerFilter.Parse(from, kind)).Fault);

    [Fact]
    public void Unwanted_peers_are_closed_and_listening_continues()
    {
        using var folder = new ScratchFolder();
        using var stop = new CancellationTokenSource();
        using var limit = new WaitLimit(s_limit, stop.Token);
        var endpoint = Endpoint.Parse($"unixd:{folder.File("s")}");
        using var source = new StreamSource(
            endpoint, from: PeerFilter.Parse($"{Unistd.EffectiveUserId + 1}", EndpointKind.Unix));
        var peers = Task.Run(() =>
        {
            using var own = new WaitLimit(s_limit);
            using var waiting = new StreamSource(Endpoint.Parse($"unix:{folder.File("s")}"), NoListener.Wait);
            for (var i = 0; i < 2; i++)
            {
                using var stream = waiting.Next(own);
                Assert.Equal(0, stream.Receive(new byte[1], own));
            }

            stop.Cancel();
        }, TestContext.Current.CancellationToken);
        Assert.ThrowsAny<OperationCanceledException>(() => source.Next(limit));
        peers.Wait(TestContext.Current.CancellationToken);
    }

    /// <summary>A listener that closes with this peer still in its queue resets the connection.</summary>
    [Theory]
    [InlineData("unix", NoListener.Wait)]
    [InlineData("unix", NoListener.ListenOrWait)]
    [InlineData("tcp", NoListener.Wait)]
    [InlineData("tcp", NoListener.ListenOrWait)]
    public void A_waiting_receiver_that_is_reset_before_the_first_byte_connects_again_and_again(
        string kind, NoListener noListener)
    {
        using var folder = new ScratchFolder();
        using var limit = new WaitLimit(s_limit);
        var (listening, connecting) = Addresses(kind, folder);
        var listener = SocketListener.Listen(Endpoint.Parse(listening), limit);
        var received = Task.Run(() =>
        {
            using var own = new WaitLimit(s_limit);
            using var source = new StreamSource(Endpoint.Parse(connecting), noListener);
            return source.WithNext(stream =>
            {
                using (stream)
                    return stream.Receive(new byte[1], own);
            }, sends: false, own);
        }, TestContext.Current.CancellationToken);
        for (var round = 0; round < 4; round++)
        {
            limit.ForEvent(listener.Descriptor, Poll.POLLIN, "the receiver");
            listener = Replace(listener);
        }

        limit.ForEvent(listener.Descriptor, Poll.POLLIN, "the receiver");
        using (listener)
        using (var peer = listener.TryAccept())
            peer!.Send([1], limit);
        Assert.Equal(1, received.Result);

        // A receiver that may listen would do so where no file is.
        SocketListener Replace(SocketListener closing)
        {
            var next = kind == "unix"
                ? SocketListener.Listen(Endpoint.Parse($"{listening}.next"), limit)
                : null;
            if (next is not null)
                File.Move(folder.File("s.next"), folder.File("s"), overwrite: true);
            closing.Dispose();
            return next ?? SocketListener.Listen(Endpoint.Parse(listening), limit);
        }
    }

    [Theory]
    [InlineData("unix", NoListener.Wait)]
    [InlineData("unix", NoListener.ListenOrWait)]
    [InlineData("tcp", NoListener.Wait)]
    [InlineData("tcp", NoListener.ListenOrWait)]
    public void A_sender_reports_a_receiver_that_refuses_again_and_again(string kind, NoListener noListener)
    {
        var failure = Assert.IsType<KernelException>(FailureOfRefused(kind, noListener, references: 1 << 20, read: 4));
        Assert.Matches("^send,(EPIPE|ECONNRESET)$", failure.ErrorId);
    }

    /// <summary>The references fit into the socket's buffer, so only the end shows that nobody read them.</summary>
    [Fact]
    public void A_sender_reports_a_receiver_that_reads_only_the_head_again_and_again()
    {
        var failure = FailureOfRefused("tcp", NoListener.ListenOrWait, references: 1, read: 4);
        Assert.Equal(PeerFault.NotRead, Assert.IsType<PeerException>(failure).Fault);
    }

    /// <summary>Whether sending fails, or only the end shows that nobody read, depends on who is faster.</summary>
    [Fact]
    public void A_sender_counts_all_refusals_together() =>
        FailureOfRefused("tcp", NoListener.ListenOrWait, references: 1 << 14, read: 0);

    [Fact]
    public void A_listening_sender_whose_next_peer_does_not_come_tells_of_the_last_ones_reset()
    {
        using var folder = new ScratchFolder();
        var (listening, connecting) = Addresses("unix", folder);
        var refused = Task.Run(() =>
        {
            using var own = new WaitLimit(s_limit);
            using var source = new StreamSource(Endpoint.Parse(connecting), NoListener.Wait);
            using var stream = source.Next(own);
            stream.Receive(new byte[4], own);
        }, TestContext.Current.CancellationToken);
        using var table = new ShareTable();
        using var carrier = Carrier.Open(listening);
        var grants = new GrantRefs { Domain = 1, PeerDomain = 2, Refs = new uint[1 << 20] };
        using var limit = new WaitLimit(TimeSpan.FromSeconds(5));
        var failure = Assert.Throws<WaitTimeoutException>(() => table.Send(carrier, grants, wait: true, limit));
        Assert.Contains("An earlier peer reset the connection", failure.RecommendedAction, StringComparison.Ordinal);
        refused.Wait(TestContext.Current.CancellationToken);
    }

    [Fact]
    public void A_wait_after_a_reset_that_times_out_tells_of_the_reset()
    {
        using var folder = new ScratchFolder();
        var (listening, connecting) = Addresses("unix", folder);
        var closing = StreamListener.Listen(Endpoint.Parse(listening));
        using var source = new StreamSource(Endpoint.Parse(connecting), NoListener.ListenOrWait);
        using var limit = new WaitLimit(TimeSpan.FromSeconds(5));
        var failure = Assert.Throws<WaitTimeoutException>(() => source.WithNext(stream =>
        {
            closing.Dispose();
            return stream.Receive(new byte[1], limit);
        }, sends: false, limit));
        Assert.Contains("An earlier peer reset the connection", failure.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void A_peer_that_sends_nothing_gets_only_part_of_the_time_limit()
    {
        using var folder = new ScratchFolder();
        using var limit = new WaitLimit(s_limit);
        using var listener = StreamListener.Listen(Endpoint.Parse($"unixd:{folder.File("s")}"));
        using var carrier = new StreamCarrier(
            Endpoint.Parse($"unix:{folder.File("s")}"), NoListener.ListenOrFail, null)
        {
            ReceiveTime = TimeSpan.FromMilliseconds(100),
        };
        var clock = Stopwatch.StartNew();
        Assert.Equal("Peer,Stalled", Assert.Throws<PeerException>(() => carrier.Receive(limit)).ErrorId);
        Assert.InRange(clock.Elapsed, TimeSpan.FromMilliseconds(90), s_limit);
    }

    /// <summary>
    /// Links to another user's file are refused (protected_hardlinks), and a claim's name can be somebody's file.
    /// </summary>
    [Fact]
    public void A_stale_file_is_replaced_also_where_it_cannot_be_claimed_by_a_link()
    {
        using var folder = new ScratchFolder();
        var path = folder.File("s");
        LeaveStaleFile(path);
        Assert.True(Stat.OfPath(path, out var stale));
        File.WriteAllText($"{path}.{stale.stx_ino}", "somebody's");
        using var limit = new WaitLimit(s_limit);
        StreamListener.Listen(Endpoint.Parse($"unixd:{path}"), limit).Dispose();
        Assert.Equal("somebody's", File.ReadAllText($"{path}.{stale.stx_ino}"));
        File.Delete($"{path}.{stale.stx_ino}");
    }

    [Fact]
    public void Peers_that_keep_coming_and_are_not_wanted_do_not_outlast_the_time_limit()
    {
        using var folder = new ScratchFolder();
        var endpoint = Endpoint.Parse($"unixd:{folder.File("s")}");
        var another = PeerFilter.Parse($"{Unistd.EffectiveUserId + 1}", EndpointKind.Unix);
        using var source = new StreamSource(endpoint, from: another);
        using var stop = new CancellationTokenSource();
        var flood = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                using var peer = NewSocket();
                try
                {
                    peer.Connect(new UnixDomainSocketEndPoint(folder.File("s")));
                }
                catch (SocketException)
                {
                }
            }
        }, TestContext.Current.CancellationToken);
        using var limit = new WaitLimit(TimeSpan.FromMilliseconds(300));
        Assert.Throws<WaitTimeoutException>(() => source.Next(limit));
        stop.Cancel();
        // This ends a connect that waits for room in the queue.
        source.Dispose();
        flood.Wait(TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Only_one_of_several_listeners_replaces_a_stale_file()
    {
        using var folder = new ScratchFolder();
        var path = folder.File("s");
        for (var round = 0; round < 20; round++)
        {
            LeaveStaleFile(path);
            using var start = new Barrier(4);
            var all = Enumerable.Range(0, 4).Select(_ => Task.Factory.StartNew(() =>
            {
                start.SignalAndWait();
                try
                {
                    return StreamListener.Listen(Endpoint.Parse("unixd:" + path));
                }
                catch (KernelException e) when (e.ErrorId == "bind,EADDRINUSE")
                {
                    return null;
                }
            }, default, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();
            var listening = all.Select(task => task.Result).OfType<StreamListener>().ToList();
            Assert.Single(listening);
            using (var limit = new WaitLimit(s_limit))
                StreamConnector.Connect(Endpoint.Parse("unix:" + path), limit).Dispose();
            listening[0].Dispose();
            Assert.True(folder.IsEmpty);
        }
    }

    /// <summary>
    /// Sends references to a receiver that reads some bytes and closes, until that counts as a refusal, the third time.
    /// Returns the failure.
    /// </summary>
    private static DmaBufException FailureOfRefused(string kind, NoListener noListener, int references, int read)
    {
        using var folder = new ScratchFolder();
        using var limit = new WaitLimit(s_limit);
        var (listening, connecting) = Addresses(kind, folder);
        using var listener = StreamListener.Listen(Endpoint.Parse(listening));
        using var stop = new CancellationTokenSource();
        var refusals = RefuseAsync(listener, read, stop.Token);
        using var table = new ShareTable();
        using var carrier = Carrier.Open(connecting, noListener: noListener);
        var grants = new GrantRefs { Domain = 1, PeerDomain = 2, Refs = new uint[references] };
        var failure = Assert.ThrowsAny<DmaBufException>(() => table.Send(carrier, grants, wait: true, limit));
        stop.Cancel();
        Assert.Equal(3, refusals.Result);
        return failure;
    }

    /// <summary>Accepts peers, reads some bytes and closes them; the result is their number.</summary>
    private static Task<int> RefuseAsync(StreamListener listener, int read, CancellationToken stop) => Task.Run(() =>
    {
        using var limit = new WaitLimit(s_limit, stop);
        for (var refused = 0; ; refused++)
        {
            try
            {
                using var peer = listener.Accept(limit);
                peer.Receive(new byte[read], limit);
            }
            catch (OperationCanceledException)
            {
                return refused;
            }
        }
    }, CancellationToken.None);

    /// <summary>Returns an address to listen at, and the one to connect to it.</summary>
    private static (string Listening, string Connecting) Addresses(string kind, ScratchFolder folder)
    {
        var place = kind == "unix" ? folder.File("s") : $"127.0.0.1:{StreamTests.FreePort()}";
        return ($"{kind}d:{place}", $"{kind}:{place}");
    }

    private static System.Net.Sockets.Socket NewSocket() =>
        new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    /// <summary>Leaves a socket's file that no process has open; .NET removes it unless it is moved.</summary>
    private static void LeaveStaleFile(string path)
    {
        using (var dead = NewSocket())
        {
            dead.Bind(new UnixDomainSocketEndPoint(path));
            File.Move(path, path + ".dead");
        }

        File.Move(path + ".dead", path);
    }
}
