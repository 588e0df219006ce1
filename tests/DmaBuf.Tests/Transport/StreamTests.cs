using System.Net;
using System.Net.Sockets;
using DmaBuf.Errors;
using DmaBuf.Sharing;
using DmaBuf.Transport;
using DmaBuf.Waits;
using Xunit;
using Socket = System.Net.Sockets.Socket;

namespace DmaBuf.Tests;

public sealed class StreamTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("unix")]
    [InlineData("tcp")]
    [InlineData("tcp6")]
    [InlineData("vsock")]
    public void Bytes_travel_both_ways_and_closing_is_noticed(string kind)
    {
        if (kind == "tcp6")
            Requires.IPv6();
        if (kind == "vsock")
            Requires.VsockLoopback();
        using var folder = new ScratchFolder();
        var (listening, connecting) = Addresses(kind, folder);
        var content = Buffers.Pattern(3 << 20);

        using var limit = new WaitLimit(s_limit);
        using var listener = StreamListener.Listen(Endpoint.Parse(listening));
        var server = Task.Run(() =>
        {
            using var own = new WaitLimit(s_limit);
            using var peer = listener.Accept(own);
            var received = ReceiveAll(peer, content.Length, own);
            peer.Send("thanks"u8, own);
            new ReleaseLink(peer).WaitUntilDone(own);
            return received;
        }, TestContext.Current.CancellationToken);

        using (var peer = StreamConnector.Connect(Endpoint.Parse(connecting), limit))
        {
            peer.Send(content, limit);
            Assert.Equal("thanks"u8.ToArray(), ReceiveAll(peer, 6, limit));
        }

        Assert.Equal(content, server.Result);
    }

    [Fact]
    public void A_host_name_is_looked_up()
    {
        var port = FreePort();
        using var limit = new WaitLimit(s_limit);
        using var listener = StreamListener.Listen(Endpoint.Parse($"tcpd:127.0.0.1:{port}"));
        using var peer = StreamConnector.Connect(Endpoint.Parse($"tcp:localhost:{port}"), limit);
        Assert.Equal(
            AddressFault.BadHost,
            Assert.Throws<AddressException>(
                () => StreamConnector.Connect(Endpoint.Parse("tcp:no-such-host.invalid:1"), limit)).Fault);
    }

    /// <summary>poll cannot watch a name look-up, so this is a wait for a task.</summary>
    [Fact]
    public void Ctrl_C_and_the_time_limit_end_the_wait_for_a_name_server_that_does_not_answer()
    {
        var silent = new TaskCompletionSource<int>().Task;
        using var limit = new WaitLimit(TimeSpan.FromMilliseconds(50));
        Assert.Throws<WaitTimeoutException>(() => limit.ForTask(silent, "a name server"));

        using var interrupt = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        using var endless = new WaitLimit(null, interrupt.Token);
        Assert.ThrowsAny<OperationCanceledException>(() => endless.ForTask(silent, "a name server"));
    }

    [Fact]
    public void The_next_address_is_tried_where_the_kernel_lacks_the_address_family()
    {
        const int NoFamily = 255;
        var port = FreePort();
        var endpoint = Endpoint.Parse($"tcp:localhost:{port}");
        (int, byte[]) missing = (NoFamily, new byte[16]);
        (int, byte[]) present = (Interop.Socket.AF_INET, Interop.SocketAddress.Internet(IPAddress.Loopback, port));
        using var limit = new WaitLimit(s_limit);
        using (StreamListener.Listen(Endpoint.Parse($"tcpd:127.0.0.1:{port}")))
            StreamConnector.ConnectToAny(endpoint, [missing, present], limit).Dispose();

        Assert.Equal(
            "connect,ECONNREFUSED",
            Assert.Throws<KernelException>(
                () => StreamConnector.ConnectToAny(endpoint, [present, missing], limit)).ErrorId);
        Assert.Equal(
            "socket,EAFNOSUPPORT",
            Assert.Throws<KernelException>(() => StreamConnector.ConnectToAny(endpoint, [missing], limit)).ErrorId);
    }

    [Fact]
    public void Connecting_where_nothing_listens_is_refused_with_advice()
    {
        using var folder = new ScratchFolder();
        using var limit = new WaitLimit(s_limit);
        var refused = Assert.Throws<KernelException>(
            () => StreamConnector.Connect(Endpoint.Parse($"tcp:127.0.0.1:{FreePort()}"), limit));
        Assert.Equal("connect,ECONNREFUSED", refused.ErrorId);
        Assert.Contains("start the other side first", refused.RecommendedAction, StringComparison.Ordinal);
        var missing = Assert.Throws<KernelException>(
            () => StreamConnector.Connect(Endpoint.Parse("unix:" + folder.File("s")), limit));
        Assert.Equal("connect,ENOENT", missing.ErrorId);
    }

    [Fact]
    public void A_port_or_path_in_use_is_refused()
    {
        using var folder = new ScratchFolder();
        foreach (var kind in new[] { "unix", "tcp" })
        {
            var address = Endpoint.Parse(Addresses(kind, folder).Listening);
            using var first = StreamListener.Listen(address);
            var failure = Assert.Throws<KernelException>(() => StreamListener.Listen(address));
            Assert.Equal("bind,EADDRINUSE", failure.ErrorId);
            Assert.NotNull(failure.RecommendedAction);
        }
    }

    [Fact]
    public void Finding_a_path_in_use_does_not_disturb_its_listener()
    {
        using var folder = new ScratchFolder();
        var address = Endpoint.Parse("unixd:" + folder.File("s"));
        using var first = StreamListener.Listen(address);
        Assert.Throws<KernelException>(() => StreamListener.Listen(address));
        using var shortLimit = new WaitLimit(TimeSpan.FromMilliseconds(100));
        Assert.Throws<WaitTimeoutException>(() => first.Accept(shortLimit));
    }

    [Fact]
    public void A_stale_socket_file_is_replaced_and_other_files_are_not()
    {
        using var folder = new ScratchFolder();
        var path = folder.File("s");
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(path));
            File.Move(path, path + "2");
        }

        File.Move(path + "2", path);
        StreamListener.Listen(Endpoint.Parse("unixd:" + path)).Dispose();
        Assert.True(folder.IsEmpty);

        File.WriteAllText(path, "precious");
        Assert.Equal(
            AddressFault.NotASocket,
            Assert.Throws<AddressException>(() => StreamListener.Listen(Endpoint.Parse("unixd:" + path))).Fault);
        Assert.Equal("precious", File.ReadAllText(path));
    }

    [Fact]
    public void A_path_in_a_missing_folder_is_refused()
    {
        using var folder = new ScratchFolder();
        Assert.Equal(
            "bind,ENOENT",
            Assert.Throws<KernelException>(
                () => StreamListener.Listen(Endpoint.Parse("unixd:" + folder.File("none/s")))).ErrorId);
        Assert.Equal(
            "bind,EADDRNOTAVAIL",
            Assert.Throws<KernelException>(() => StreamListener.Listen(Endpoint.Parse("tcpd:192.0.2.1:8000"))).ErrorId);
    }

    [Fact]
    public void The_unix_scheme_listens_where_nothing_listens_and_both_sides_may_use_it()
    {
        using var folder = new ScratchFolder();
        var address = Endpoint.Parse("unix:" + folder.File("s"));
        using var stop = new Barrier(2);
        byte[] Meet(byte own)
        {
            using var limit = new WaitLimit(s_limit);
            using var source = new StreamSource(address);
            stop.SignalAndWait();
            using var peer = source.Next(limit);
            peer.Send([own], limit);
            return ReceiveAll(peer, 1, limit);
        }

        for (byte i = 0; i < 20; i++)
        {
            var other = Task.Run(() => Meet(1), TestContext.Current.CancellationToken);
            Assert.Equal([1], Meet(2));
            Assert.Equal([2], other.Result);
            Assert.True(folder.IsEmpty);
        }
    }

    [Fact]
    public void A_source_can_wait_for_its_listener()
    {
        var port = FreePort();
        using var limit = new WaitLimit(s_limit);
        using var source = new StreamSource(Endpoint.Parse($"tcp:127.0.0.1:{port}"), NoListener.Wait);
        var late = Task.Run(async () =>
        {
            await Task.Delay(300);
            using var own = new WaitLimit(s_limit);
            using var listener = StreamListener.Listen(Endpoint.Parse($"tcpd:127.0.0.1:{port}"));
            listener.Accept(own).Dispose();
        }, TestContext.Current.CancellationToken);
        source.Next(limit).Dispose();
        late.Wait(TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Sending_to_a_peer_that_never_reads_ends_at_the_time_limit()
    {
        using var folder = new ScratchFolder();
        var endpoint = Endpoint.Parse("unixd:" + folder.File("s"));
        using var listener = StreamListener.Listen(endpoint);
        using var limit = new WaitLimit(TimeSpan.FromMilliseconds(300));
        using var peer = StreamConnector.Connect(Endpoint.Parse("unix:" + folder.File("s")), limit);
        Assert.Throws<WaitTimeoutException>(() => peer.Send(new byte[64 << 20], limit));
    }

    [Fact]
    public void Every_wait_ends_on_cancellation_and_at_its_time_limit_and_leaks_no_descriptor()
    {
        using var folder = new ScratchFolder();
        var waits = new Action<WaitLimit>[]
        {
            limit => WaitForPeer("unixd:" + folder.File("a"), NoListener.ListenOrFail, limit),
            limit => WaitForPeer("unix:" + folder.File("b"), NoListener.ListenOrFail, limit),
            limit => WaitForPeer($"tcpd:127.0.0.1:{FreePort()}", NoListener.ListenOrFail, limit),
            limit => WaitForPeer($"tcp:127.0.0.1:{FreePort()}", NoListener.Wait, limit),
            limit => WithSilentPeer(folder, peer => peer.Receive(new byte[1], limit)),
            limit => WithSilentPeer(folder, peer => DescriptorHandOff.Receive(peer, limit)),
            limit => WithSilentPeer(folder, peer => new ReleaseLink(peer).WaitUntilDone(limit)),
            limit => WithSilentPeer(folder, peer => peer.Send(new byte[64 << 20], limit)),
        };
        OpenDescriptors.StayTheSame(() =>
        {
            foreach (var wait in waits)
            {
                using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
                using var cancelled = new WaitLimit(null, cancel.Token);
                Assert.ThrowsAny<OperationCanceledException>(() => wait(cancelled));
                using var timed = new WaitLimit(TimeSpan.FromMilliseconds(50));
                Assert.Equal("Wait,ETIMEDOUT", Assert.Throws<WaitTimeoutException>(() => wait(timed)).ErrorId);
            }
        });
        Assert.True(folder.IsEmpty);
    }

    private static void WaitForPeer(string address, NoListener noListener, WaitLimit limit)
    {
        using var source = new StreamSource(Endpoint.Parse(address), noListener);
        source.Next(limit);
    }

    private static void WithSilentPeer(ScratchFolder folder, Action<ByteStream> action)
    {
        using var setUp = new WaitLimit(s_limit);
        using var listener = StreamListener.Listen(Endpoint.Parse("unixd:" + folder.File("silent")));
        using var peer = StreamConnector.Connect(Endpoint.Parse("unix:" + folder.File("silent")), setUp);
        using var other = listener.Accept(setUp);
        action(peer);
    }

    private static byte[] ReceiveAll(ByteStream peer, int length, WaitLimit limit)
    {
        var bytes = new byte[length];
        for (var done = 0; done < length;)
        {
            var received = peer.Receive(bytes.AsSpan(done), limit);
            Assert.NotEqual(0, received);
            done += received;
        }

        return bytes;
    }

    private static (string Listening, string Connecting) Addresses(string kind, ScratchFolder folder) => kind switch
    {
        "unix" => ($"unixd:{folder.File("s")}", $"unix:{folder.File("s")}"),
        "tcp" when FreePort() is var port => ($"tcpd://127.0.0.1:{port}", $"tcp://127.0.0.1:{port}"),
        "tcp6" when FreePort() is var port => ($"tcpd:[::1]:{port}", $"tcp:[::1]:{port}"),
        _ => ("vsockd:-1:5123", "vsock:1:5123"),
    };

    /// <summary>
    /// A port on which nothing listens. The kernel prefers ports of the other parity for outgoing connections, so
    /// hardly any of them takes it in the meantime.
    /// </summary>
    internal static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
