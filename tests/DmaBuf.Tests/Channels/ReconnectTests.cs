using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Sharing;
using DmaBuf.Sharing.Channels;
using DmaBuf.Transport;
using DmaBuf.Waits;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>Tests a channel that connects again when its peer goes and comes back.</summary>
public sealed class ReconnectTests : IDisposable
{
    private readonly ScratchFolder _folder = new();
    private readonly ShareTable _shares = new();
    private readonly ChannelTable _table;
    private readonly WaitLimit _limit = ChannelPair.NewLimit();
    private readonly List<(ShareTable Shares, ChannelTable Table)> _peers = [];
    private readonly Channel _channel;
    private Channel _peer;

    public ReconnectTests()
    {
        _table = new ChannelTable(_shares);
        var opening = Task.Run(() => Connect(_table, new ChannelOptions { Reconnect = true }));
        _peer = NewPeer();
        _channel = opening.GetAwaiter().GetResult();
    }

    private string SocketPath => _folder.File("channel");

    public void Dispose()
    {
        // First, so that the channel does not begin to connect again.
        _table.Dispose();
        _peers.ForEach(peer => peer.Table.Dispose());
        _peers.ForEach(peer => peer.Shares.Dispose());
        _shares.Dispose();
        _limit.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_peer_that_comes_back_finds_what_was_published_by_its_name()
    {
        var metadata = new ShareMetadata { Name = "frame", PrivateData = "note"u8.ToArray() };
        var before = Publish(metadata);
        before.Buffer!.Write("still there");
        using var old = Import(metadata.Name);
        Next(ChannelEventType.Imported);
        _peer.Dispose();
        Assert.Equal(ChannelEndReason.PeerDisconnected, Next(ChannelEventType.Removed).Reason);
        Assert.Equal(ChannelEndReason.PeerDisconnected, Next(ChannelEventType.Disconnected).Reason);
        Assert.Equal((ShareState.Ended, true), (before.State, _channel.IsOpen));
        _peer = NewPeer();
        using var import = Import(metadata.Name);
        Assert.Equal("still there", import.Text());
        Next(ChannelEventType.Connected);
        Next(ChannelEventType.Imported);
        Assert.Equal((ChannelState.Open, ChannelEndReason.None), (_channel.State, _channel.EndReason));
        var after = Assert.IsType<ExportedShare>(Assert.Single(_channel.Shares));
        Assert.Equal((before.Buffer, metadata), (after.Buffer, after.Metadata));
        Assert.NotEqual(before.Id, after.Id);
        Assert.Equal(ShareFault.Unknown, Assert.Throws<ShareException>(() => before.Unpublish()).Fault);
        Assert.Same(after, _channel.Publish(before.Buffer!, null, _limit));
    }

    [Fact]
    public void What_is_unpublished_or_removed_in_the_meantime_does_not_come_back()
    {
        var kept = Publish();
        var delayed = Publish();
        delayed.Unpublish(TimeSpan.FromMinutes(1));
        var (unpublished, removed) = (Publish(), Publish());
        _peer.Dispose();
        Next(ChannelEventType.Disconnected);
        unpublished.Unpublish();
        _shares.Remove(removed.Buffer!);
        _peer = NewPeer();
        Next(ChannelEventType.Connected);
        Assert.Same(kept.Buffer, Assert.Single(_channel.Shares).Buffer);
    }

    [Fact]
    public void Publishing_waits_for_the_peer_to_come_back()
    {
        _peer.Dispose();
        Next(ChannelEventType.Disconnected);
        var buffer = _shares.Add(Buffers.New(4096));
        using (var soon = new WaitLimit(TimeSpan.FromMilliseconds(50)))
            Assert.Throws<WaitTimeoutException>(() => _channel.Publish(buffer, null, soon));
        var publishing = Task.Run(() =>
        {
            using var limit = ChannelPair.NewLimit();
            return _channel.Publish(buffer, new ShareMetadata { Name = "late" }, limit);
        }, TestContext.Current.CancellationToken);
        _peer = NewPeer();
        using var import = Import("late");
        Assert.Same(buffer, publishing.GetAwaiter().GetResult().Buffer);
    }

    [Fact]
    public void The_peer_may_go_and_come_many_times()
    {
        var share = Publish(new ShareMetadata { Name = "frame" });
        for (var i = 0; i < 20; i++)
        {
            Import("frame").Dispose();
            _peer.Dispose();
            _peer = NewPeer();
        }

        Import("frame").Dispose();
        Assert.Same(share.Buffer, Assert.Single(_channel.Shares).Buffer);
    }

    [Fact]
    public void A_peer_that_takes_fewer_shares_than_before_is_told_of_as_many()
    {
        var (first, second) = (Publish(), Publish());
        _peer.Dispose();
        Next(ChannelEventType.Disconnected);
        _peer = NewPeer(new ChannelOptions { MaxShares = 1 });
        Next(ChannelEventType.Connected);
        var refused = Next(ChannelEventType.Refused);
        Assert.Equal(second, refused.Share);
        Assert.Contains("no more than 1", refused.Text, StringComparison.Ordinal);
        Assert.Same(first.Buffer, Assert.Single(_channel.Shares).Buffer);
    }

    [Fact]
    public void A_subscriber_cannot_wait_for_the_peer_to_come_back()
    {
        ShareException? refusal = null;
        var buffer = _shares.Add(Buffers.New(4096));
        _channel.EventReceived += (_, e) =>
        {
            if (e.Event.Type == ChannelEventType.Disconnected)
                refusal = Assert.Throws<ShareException>(() => _channel.Publish(buffer, null, _limit));
        };
        _peer.Dispose();
        Assert.True(SpinWait.SpinUntil(() => refusal is not null, TimeSpan.FromSeconds(60)));
        Assert.Equal(ShareFault.BadState, refusal!.Fault);
    }

    [Fact]
    public void Attempts_that_fail_show_why_and_others_follow()
    {
        _channel.Dispose();
        using var listener = StreamListener.Listen(Endpoint.Parse($"unixd:{SocketPath}"));
        var opening = Task.Run(
            () => Connect(_table, new ChannelOptions { Reconnect = true }),
            TestContext.Current.CancellationToken);
        Accept().Dispose();
        var channel = opening.GetAwaiter().GetResult();
        using (var stranger = listener.Accept(_limit))
        {
            stranger.Send(new byte[64], _limit);
            Assert.True(SpinWait.SpinUntil(
                () => channel.EndText?.Contains("is not a channel", StringComparison.Ordinal) == true,
                TimeSpan.FromSeconds(60)));
            Assert.Equal(ChannelState.Reconnecting, channel.State);
        }

        Accept();
        _table.TakeEvent([channel], [ChannelEventType.Connected], _limit);
        Assert.Equal(ChannelState.Open, channel.State);
        Assert.Null(channel.EndText);

        Channel Accept()
        {
            var table = NewTable();
            return table.Open(listener.Accept(_limit), new ChannelOptions(), _limit);
        }
    }

    [Fact]
    public void Closing_it_ends_the_attempts()
    {
        _peer.Dispose();
        Next(ChannelEventType.Disconnected);
        _channel.Dispose();
        Assert.Equal(ChannelEndReason.Closed, Next(ChannelEventType.Closed).Reason);
        Assert.Equal((ChannelState.Closed, ChannelEndReason.Closed), (_channel.State, _channel.EndReason));
        Assert.Empty(_table.Channels);
        // The listener is gone, and its file with it.
        Assert.True(SpinWait.SpinUntil(() => !File.Exists(SocketPath), TimeSpan.FromSeconds(60)));
        Assert.Throws<ShareException>(() => _channel.Publish(_shares.Add(Buffers.New(4096)), null, _limit));
    }

    private ExportedShare Publish(ShareMetadata? metadata = null) =>
        _channel.Publish(_shares.Add(Buffers.New(4096)), metadata, _limit);

    /// <summary>The present peer's import of a share with a name.</summary>
    private DmaBuffer Import(string name) =>
        _peers[^1].Table.WaitForShare([_peer], name, _limit).Import(ImportMethod.Any, _limit);

    private ChannelEvent Next(ChannelEventType type)
    {
        var next = _table.TakeEvent([_channel], [], _limit);
        Assert.Equal(type, next.Type);
        return next;
    }

    /// <summary>Another process, as far as channels are concerned.</summary>
    private Channel NewPeer(ChannelOptions? options = null) =>
        Connect(NewTable(), options ?? new ChannelOptions());

    private ChannelTable NewTable()
    {
        var shares = new ShareTable();
        var table = new ChannelTable(shares);
        _peers.Add((shares, table));
        return table;
    }

    private Channel Connect(ChannelTable table, ChannelOptions options)
    {
        using var limit = ChannelPair.NewLimit();
        return table.Connect(ChannelTarget.At(Endpoint.Parse($"unix:{SocketPath}")), options, limit);
    }
}
