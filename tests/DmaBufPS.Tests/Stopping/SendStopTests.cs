using System.Net.Sockets;
using Xunit;

namespace DmaBufPS.Tests.Stopping;

public sealed class SendStopTests : ModuleTest
{
    public SendStopTests() => NewBuffer();

    [Theory]
    [InlineData("unixd:$socket")]
    [InlineData("unix:$socket")]
    [InlineData("unix:$socket -Count 3 -Wait -TimeoutSec 3600")]
    public void Send_DmaBufFd_stops_while_it_listens_and_removes_its_socket_file(string arguments)
    {
        StopWhileWaiting($"$buffer | Send-DmaBufFd {arguments}", _ => AwaitListener());
        Assert.True(Folder.IsEmpty);
    }

    [Fact]
    public void Send_DmaBufFd_stops_while_the_receivers_queue_is_full()
    {
        using var listener = Peers.Listen(SocketPath, backlog: 0);
        using var first = Peers.Connect(SocketPath);
        StopWhileWaiting("$buffer | Send-DmaBufFd unix:$socket");
    }

    [Fact]
    public void Send_DmaBufFd_stops_while_it_waits_for_the_release_of_references() =>
        StopWhileWaiting(
            "$refs | Send-DmaBufFd unixd:$socket -Wait",
            _ => Peers.TakeByte(Peer(Peers.Connect(SocketPath))));

    [Fact]
    public void Send_DmaBufFd_stops_while_it_waits_for_the_release_and_the_wait_can_be_repeated()
    {
        using var running = Shell.Start("$buffer | Send-DmaBufFd unixd:$socket -Wait");
        using var peer = Peers.Connect(SocketPath);
        Peers.TakeByte(peer);
        running.AwaitPoll();
        running.Stop();
        Assert.False(peer.Poll(0, SelectMode.SelectRead), "stopping the wait ended the link to the peer");
        using var waiting = Shell.Start("Wait-DmaBufRelease $buffer");
        waiting.AwaitPoll();
        peer.Dispose();
        waiting.FinishWithoutError();
    }

    [Fact]
    public void Send_DmaBufFd_stops_while_it_waits_for_its_second_peer()
    {
        StopWhileWaiting("$buffer | Send-DmaBufFd unixd:$socket -Count 2 -Wait -Verbose", running =>
        {
            using (var first = Peers.Connect(SocketPath))
                Peers.TakeByte(first);
            running.AwaitCall("^getsockopt.*SO_ERROR");
        });
        Assert.True(Folder.IsEmpty);
    }

    [Fact]
    public void Send_DmaBufFd_stops_while_a_host_does_not_answer()
    {
        using var listener = Peers.ListenOnTcp(backlog: 0);
        using var first = Peers.ConnectToTcp(Peers.PortOf(listener));
        Shell["port"] = Peers.PortOf(listener);
        StopWhileWaiting("$refs | Send-DmaBufFd tcp:127.0.0.1:$port");
    }

    [Fact]
    public void Send_DmaBufFd_stops_while_it_listens_on_tcp()
    {
        Shell["port"] = Peers.FreePort();
        StopWhileWaiting("$refs | Send-DmaBufFd tcpd:127.0.0.1:$port");
    }

    [Fact]
    public void Send_DmaBufFd_stops_while_the_peer_does_not_read()
    {
        using var listener = Peers.ListenOnTcp();
        listener.ReceiveBufferSize = 4096;
        Shell["port"] = Peers.PortOf(listener);
        Shell.Run("$many = [DmaBuf.Grants.GrantRefs]@{ Domain = 3; PeerDomain = 5; Refs = [uint32[]]::new(8MB) }");
        StopWhileWaiting("$many | Send-DmaBufFd tcp:127.0.0.1:$port -Verbose", running =>
        {
            Peer(listener.Accept());
            running.AwaitCall("^send.*EAGAIN");
        });
    }

    [Fact]
    [Trait(Requires.Trait, Requires.Device)]
    public void Send_DmaBufFd_stops_while_it_listens_on_vsock()
    {
        Requires.Vsock(Shell);
        StopWhileWaiting("$refs | Send-DmaBufFd vsockd:-1:8000");
    }

    [Fact]
    public void Wait_DmaBufRelease_stops_while_the_peer_has_the_buffer_and_can_be_repeated()
    {
        using var peer = SendToPeer();
        StopWhileWaiting("Wait-DmaBufRelease $buffer");
        Assert.False(peer.Poll(0, SelectMode.SelectRead), "stopping the wait ended the link to the peer");
        using var waiting = Shell.Start("Wait-DmaBufRelease $buffer");
        waiting.AwaitPoll();
        peer.Dispose();
        waiting.FinishWithoutError();
    }
}
