using Xunit;

namespace DmaBuf.Tests;

/// <summary>Runs dmabuf-peer as a process against a peer in C.</summary>
public sealed class PeerProgramTests
{
    [Fact]
    public void Its_client_prints_the_text_of_a_C_server_and_releases_the_buffer()
    {
        using var folder = new ScratchFolder();
        using var sender = CProgram.Start("peer", "send", "listen", folder.File("s"), Buffers.Backing);
        Assert.Equal("listening", sender.ReadLine());
        using var client = StartPeer("client", $"unix:{folder.File("s")}");
        Assert.Equal([.. Enumerable.Range(0, 4).Select(i => $"range[{i}] 16384 bytes created at 0s")], client.Finish());
        Assert.Equal(["peer closed", "first byte r"], sender.Finish());
    }

    [Fact]
    public void Its_server_serves_a_C_client()
    {
        Requires.Udmabuf();
        using var folder = new ScratchFolder();
        using var server = StartPeer("server", $"unixd:{folder.File("s")}");
        using var receiver = CProgram.Start("peer", "receive", "connect", folder.File("s"));
        var lines = receiver.Finish();
        Assert.Equal("received 1 byte 'A', buffer of 65536 bytes", lines[0]);
        Assert.Equal(4, lines.Count(line => line.StartsWith("range[", StringComparison.Ordinal)));
        Assert.Single(server.Finish(), line => line.StartsWith("Created dma-buf FD ", StringComparison.Ordinal));
    }

    [Fact]
    public void What_its_client_writes_comes_back_to_its_server()
    {
        Requires.Udmabuf();
        using var folder = new ScratchFolder();
        using var server = StartPeer("server", $"unix:{folder.File("s")}");
        using var client = StartPeer("client", $"unix:{folder.File("s")}", "--reply", "thank you");
        Assert.Equal(4, client.Finish().Length);
        Assert.Equal("came back: thank you", server.Finish()[^1]);
    }

    [Fact]
    public void Its_client_writes_into_the_buffer_of_a_C_server()
    {
        using var folder = new ScratchFolder();
        using var sender = CProgram.Start("peer", "send", "listen", folder.File("s"), Buffers.Backing);
        Assert.Equal("listening", sender.ReadLine());
        using var client = StartPeer("client", $"unix:{folder.File("s")}", "--reply", "Reply");
        Assert.Equal(4, client.Finish().Length);
        Assert.Equal(["peer closed", "first byte R"], sender.Finish());
    }

    [Fact]
    public void It_publishes_three_buffers_in_turns_which_another_one_consumes()
    {
        using var folder = new ScratchFolder();
        using var producer = StartPeer("publish", $"unix:{folder.File("s")}", "--turns", "7");
        using var consumer = StartPeer("consume", $"unix:{folder.File("s")}");
        Assert.Equal([.. Enumerable.Range(0, 7).Select(turn => $"turn {turn}")], consumer.Finish());
        Assert.Equal("turns=7 buffers=3", producer.Finish()[^1]);
    }

    [Fact]
    public void Its_receiver_writes_the_frames_of_a_C_sender()
    {
        using var folder = new ScratchFolder();
        var port = $"{StreamTests.FreePort()}";
        using var receiver = StartPeer("receiver", "-l", "127.0.0.1", "-p", port, "-o", folder.File("frames"));
        using var sender = CProgram.Start("video", "sender", "127.0.0.1", port, "64", "48", "5");
        sender.Finish();
        Assert.StartsWith("frames=5 dropped=0 ", receiver.Finish()[^1], StringComparison.Ordinal);
        var bytes = File.ReadAllBytes(folder.File("frames"));
        Assert.Equal([0, 1, 2, 3, 4], bytes.Where((_, i) => i % (64 * 48 * 2) == 0));
        Assert.Equal(5 * 64 * 48 * 2, bytes.Length);
    }

    [Fact]
    public void Its_sender_sends_a_cameras_frames_to_a_C_receiver()
    {
        using var vivid = new Vivid();
        var port = $"{StreamTests.FreePort()}";
        using var receiver = CProgram.Start("video", "receiver", port);
        Assert.Equal("listening", receiver.ReadLine());
        using var sender = StartPeer(
            "sender", "-d", vivid.Path, "-a", "127.0.0.1", "-p", port,
            "-W", "320", "-H", "180", "-f", "YUYV", "-n", "5");
        Assert.StartsWith("frames=5 ", sender.Finish()[^1], StringComparison.Ordinal);
        var lines = receiver.Finish();
        Assert.Equal("hello 320x180 YUYV 115200 bytes 4 buffers", lines[0]);
        Assert.Equal(5, lines.Count(line => line.Contains(" 115200 e", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("sender")]
    [InlineData("sender", "-a", "127.0.0.1", "-p", "9000", "-x", "1")]
    [InlineData("sender", "-a", "127.0.0.1", "-p", "9000", "-d", "/dev/video77")]
    [InlineData("receiver", "-p", "many")]
    [InlineData("sender", "-a", "127.0.0.1", "-p", "9000", "-b", "1")]
    [InlineData("sender", "-a", "127.0.0.1", "-p", "9000", "-W", "0")]
    [InlineData("server")]
    [InlineData("publish", "unix:/tmp/s", "--turns", "0")]
    [InlineData("consume", "xenstore:camera")]
    [InlineData("client", "nonsense:x")]
    [InlineData("server", "tcpd:127.0.0.1:8000")]
    [InlineData("client", "unix:/tmp/s", "no-id")]
    [InlineData("client", "unix:/tmp/s", "--reply")]
    [InlineData("server", "unix:/tmp/s", "--reply", "text")]
    [InlineData("client", "xenstore:camera")]
    [InlineData("server", "xenstore:camera")]
    public void Bad_arguments_end_it_with_a_message(params string[] arguments)
    {
        using var peer = StartPeer(arguments);
        Assert.NotEmpty(peer.FinishWithFailure());
    }

    private static CProcess StartPeer(params string[] arguments) =>
        new("dotnet", [Path.Combine(AppContext.BaseDirectory, "dmabuf-peer.dll"), .. arguments]);
}
