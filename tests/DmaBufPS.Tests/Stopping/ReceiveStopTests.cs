using Xunit;

namespace DmaBufPS.Tests.Stopping;

public sealed class ReceiveStopTests : ModuleTest
{
    [Theory]
    [InlineData("unixd:$socket")]
    [InlineData("unix:$socket")]
    [InlineData("unixd:$socket -TimeoutSec 3600")]
    public void Receive_DmaBuf_stops_while_it_listens_and_removes_its_socket_file(string arguments)
    {
        StopWhileWaiting($"Receive-DmaBuf {arguments}", _ => AwaitListener());
        Assert.True(Folder.IsEmpty);
    }

    [Fact]
    public void Receive_DmaBuf_stops_while_nothing_listens()
    {
        StopWhileWaiting("Receive-DmaBuf unix:$socket -Wait");
        Assert.True(Folder.IsEmpty);
    }

    [Fact]
    public void Receive_DmaBuf_stops_while_the_senders_queue_is_full()
    {
        using var listener = Peers.Listen(SocketPath, backlog: 0);
        using var first = Peers.Connect(SocketPath);
        StopWhileWaiting("Receive-DmaBuf unix:$socket");
    }

    [Fact]
    public void Receive_DmaBuf_stops_while_a_sender_that_it_connected_to_sends_nothing()
    {
        using var listener = Peers.Listen(SocketPath);
        StopWhileWaiting("Receive-DmaBuf unix:$socket", _ => Peer(listener.Accept()));
    }

    [Fact]
    public void Receive_DmaBuf_stops_while_a_sender_that_connected_to_it_sends_nothing()
    {
        StopWhileWaiting("Receive-DmaBuf unixd:$socket -Verbose", running =>
        {
            Peer(Peers.Connect(SocketPath));
            // The poll after this call waits for the descriptor and no longer for a peer.
            running.AwaitCall("^recvmsg");
        });
        Assert.True(Folder.IsEmpty);
    }

    [Fact]
    public void Receive_DmaBuf_keeps_the_buffers_that_arrived_before_it_was_stopped()
    {
        using var sender = new Shell();
        sender["socket"] = SocketPath;
        using var receiving = Shell.Start("Receive-DmaBuf unixd:$socket -Count 2");
        AwaitListener();
        sender.Run("New-UDmaBuf 8KB -Backing MemFd | Send-DmaBufFd unix:$socket");
        receiving.AwaitOutput(1);
        receiving.AwaitPoll();
        receiving.Stop();
        Assert.Single(Shell.Run("Get-DmaBuf | Where-Object Origin -EQ Received"));
    }
}
