using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Sharing.Channels;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>Tests a channel against a peer that fails, or breaks the protocol.</summary>
public sealed class HostilePeerTests : IDisposable
{
    private static readonly ShareId s_id = new(42);
    private readonly RawChannelPeer _peer = new();

    public void Dispose() => _peer.Dispose();

    [Fact]
    public void A_peer_that_ends_between_import_and_release_gives_the_buffer_back()
    {
        var share = PublishAndImport();
        Assert.Equal(ShareState.InUse, share.State);
        _peer.Stream.Dispose();
        Assert.Equal(ChannelEndReason.PeerEnded, _peer.Next(ChannelEventType.Removed).Reason);
        Assert.Equal(ChannelEndReason.PeerEnded, _peer.Next(ChannelEventType.Closed).Reason);
        _peer.Table.CheckNotInUse(share.Buffer!);
        Assert.Empty(_peer.Table.Channels);
    }

    [Fact]
    public void Unknown_and_guessed_ids_are_refused()
    {
        Publish();
        _peer.Receive(MessageType.Publish);
        _peer.Writer.Short(MessageType.Import, s_id, 7);
        _peer.Writer.Acquire(s_id, 8, write: true);
        _peer.Send();
        Assert.Equal(7u, BitConverter.ToUInt32(_peer.Receive(MessageType.Refused), 16));
        Assert.Equal(8u, BitConverter.ToUInt32(_peer.Receive(MessageType.Refused), 16));
        Assert.True(_peer.Channel.IsOpen);
    }

    [Theory]
    [InlineData(MessageType.Release)]
    [InlineData(MessageType.Imported)]
    public void A_message_out_of_state_ends_the_channel(object type)
    {
        var share = Publish();
        _peer.Writer.Short((MessageType)type, share.Id);
        _peer.Send();
        AssertBroken("in the state Offered");
    }

    [Fact]
    public void An_import_of_what_is_imported_ends_the_channel()
    {
        var share = PublishAndImport();
        _peer.Writer.Short(MessageType.Import, share.Id, 2);
        _peer.Send();
        Assert.Equal(ChannelEndReason.Broken, _peer.Next(ChannelEventType.Removed).Reason);
        AssertBroken("in the state InUse");
    }

    [Fact]
    public void Announcements_above_the_limit_are_refused()
    {
        using var peer = new RawChannelPeer(new ChannelOptions { MaxShares = 2 });
        for (var i = 1; i <= 5; i++)
            peer.Writer.Publish(new ShareId((UInt128)i), 4096, ShareMetadata.Empty);
        peer.Send();
        for (var i = 0; i < 3; i++)
            peer.Receive(MessageType.Refused);
        Assert.Equal(2, peer.Channel.ImportedCount);
    }

    [Fact]
    public void An_id_published_twice_ends_the_channel()
    {
        _peer.Writer.Publish(s_id, 4096, ShareMetadata.Empty);
        _peer.Writer.Publish(s_id, 4096, ShareMetadata.Empty);
        _peer.Send();
        _peer.Next(ChannelEventType.Published);
        AssertBroken("twice");
    }

    [Fact]
    public void Metadata_that_is_too_long_or_out_of_the_buffer_ends_the_channel()
    {
        var layout = new PictureLayout
        {
            Width = 1, Height = 1, FourCC = new FourCC(1), Planes = [new PicturePlane(4096, 1)],
        };
        ShareMetadata[] bad = [new() { PrivateData = new byte[193] }, new() { Picture = layout }];
        foreach (var metadata in bad)
        {
            using var peer = new RawChannelPeer();
            peer.Writer.Publish(s_id, 4096, metadata);
            peer.Send();
            Assert.Equal(ChannelEndReason.Broken, peer.Next(ChannelEventType.Closed).Reason);
            Assert.Empty(peer.Channel.Shares);
        }
    }

    [Theory]
    [InlineData(new byte[] { 16, 0, 0, 0, 1, 16, 0, 0 }, "4097 bytes")]
    [InlineData(new byte[] { 16, 0, 0, 0, 2, 0, 0, 0, 1, 1 }, "too short")]
    [InlineData(new byte[] { 2, 0, 0, 0, 1, 0, 0, 0, 1 }, "too long")]
    [InlineData(new byte[] { 99, 0, 0, 0, 0, 0, 0, 0 }, "of the type 99")]
    public void A_malformed_message_ends_the_channel(byte[] message, string what)
    {
        _peer.Send(message);
        AssertBroken(what);
        Assert.Contains(what, System.Text.Encoding.UTF8.GetString(_peer.Receive(MessageType.Error)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_optional_message_is_skipped()
    {
        _peer.Send([99, 0, 1, 0, 3, 0, 0, 0, 1, 2, 3]);
        _peer.Writer.Publish(s_id, 4096, ShareMetadata.Empty);
        _peer.Send();
        _peer.Next(ChannelEventType.Published);
    }

    [Fact]
    public void Pages_that_do_not_fit_the_share_fail_and_the_exporter_is_told()
    {
        var (share, importing) = StartFailingImport<PeerException>();
        using var wrong = Buffers.New(8192);
        _peer.Writer.Pages(s_id, 1, wrong.Use(fd => Interop.Fcntl.Duplicate(fd))!);
        _peer.Send();
        Assert.Equal(PeerFault.BadCount, importing.GetAwaiter().GetResult().Fault);
        _peer.Receive(MessageType.ImportFailed);
        Assert.Equal(ShareState.Offered, share.State);
    }

    [Fact]
    public void References_where_a_descriptor_must_come_end_the_channel()
    {
        var (_, importing) = StartFailingImport<ShareException>();
        _peer.Writer.Pages(s_id, 1, ShareId.NoDomain, [8]);
        _peer.Send();
        Assert.Equal(ShareFault.ChannelClosed, importing.GetAwaiter().GetResult().Fault);
        AssertBroken("pages that do not fit");
    }

    [Fact]
    public void Text_of_a_peer_is_shown_with_its_control_characters_visible()
    {
        var share = PublishAndImport();
        _peer.Writer.Refused(share.Id, 0, RefusalReason.TooMany, "\u001b[31mred");
        _peer.Send();
        Assert.Equal("\\x1b[31mred", _peer.Next(ChannelEventType.Refused).Text);
    }

    [Fact]
    public void An_import_that_failed_is_not_a_release()
    {
        var share = Publish();
        _peer.Receive(MessageType.Publish);
        _peer.Writer.Short(MessageType.Import, share.Id, 1);
        _peer.Send();
        _peer.Receive(MessageType.Pages);
        _peer.Stream.Receive(new byte[1], _peer.Limit);
        _peer.Writer.ImportFailed(share.Id, "no memory");
        _peer.Send();
        _peer.Next(ChannelEventType.ImportFailed);
        using var soon = new Waits.WaitLimit(TimeSpan.FromMilliseconds(50));
        Assert.Throws<WaitTimeoutException>(() => share.WaitReleased(soon));
    }

    [Fact]
    public void An_import_repeated_in_a_loop_shares_the_pages_for_the_last_one_only()
    {
        var share = Publish();
        _peer.Receive(MessageType.Publish);
        for (var i = 1; i <= 100; i++)
        {
            _peer.Writer.Short(MessageType.Import, share.Id, (uint)i);
            if (i < 100)
                _peer.Writer.Short(MessageType.Removed, share.Id);
        }

        _peer.Send();
        Assert.Equal(100u, BitConverter.ToUInt32(_peer.Receive(MessageType.Pages), 16));
    }

    [Fact]
    public void Pages_that_nobody_asked_for_are_closed()
    {
        _peer.Writer.Publish(s_id, 4096, ShareMetadata.Empty);
        _peer.Send();
        _peer.Next(ChannelEventType.Published);
        using var buffer = Buffers.New(4096);
        OpenDescriptors.StayTheSame(() =>
        {
            _peer.Writer.Pages(s_id, 9, buffer.Use(fd => Interop.Fcntl.Duplicate(fd))!);
            _peer.Writer.Update(s_id, ShareMetadata.Empty);
            _peer.Send();
            _peer.Next(ChannelEventType.Updated);
        });
    }

    [Fact]
    public void A_peer_that_drips_gets_its_message_through()
    {
        var message = RawChannelPeer.Encode(writer => writer.Publish(s_id, 4096, new ShareMetadata { Name = "slow" }));
        foreach (var part in message)
        {
            _peer.Send([part]);
            Thread.Sleep(1);
        }

        Assert.Equal("slow", _peer.Next(ChannelEventType.Published).Name);
    }

    [Fact]
    public void A_peer_that_does_not_read_holds_up_its_channel_only()
    {
        var buffer = _peer.Shares.Add(Buffers.New(4096));
        var metadata = new ShareMetadata { PrivateData = new byte[192] };
        using var soon = new Waits.WaitLimit(TimeSpan.FromMilliseconds(300));
        Assert.Throws<WaitTimeoutException>((Action)PublishForEver);
        using var pair = new ChannelPair();
        pair.Publish();

        void PublishForEver()
        {
            while (true)
                _peer.Channel.Publish(buffer, metadata, soon);
        }
    }

    /// <summary>
    /// Announces a share, and has another thread import it, which must fail. The peer owes the pages.
    /// </summary>
    private (ImportedShare Share, Task<T> Importing) StartFailingImport<T>()
        where T : Exception
    {
        _peer.Writer.Publish(s_id, 4096, ShareMetadata.Empty);
        _peer.Send();
        var share = (ImportedShare)_peer.Next(ChannelEventType.Published).Share!;
        var importing = Task.Run(() =>
        {
            using var limit = ChannelPair.NewLimit();
            return Assert.Throws<T>(() => share.Import(ImportMethod.Any, limit));
        }, TestContext.Current.CancellationToken);
        _peer.Receive(MessageType.Import);
        return (share, importing);
    }

    private ExportedShare Publish() =>
        _peer.Channel.Publish(_peer.Shares.Add(Buffers.New(4096)), null, _peer.Limit);

    private ExportedShare PublishAndImport()
    {
        var share = Publish();
        _peer.Receive(MessageType.Publish);
        _peer.Writer.Short(MessageType.Import, share.Id, 1);
        _peer.Send();
        _peer.Receive(MessageType.Pages);
        _peer.Stream.Receive(new byte[1], _peer.Limit);
        _peer.Writer.Short(MessageType.Imported, share.Id);
        _peer.Send();
        _peer.Next(ChannelEventType.Imported);
        return share;
    }

    private void AssertBroken(string what)
    {
        var closed = _peer.Next(ChannelEventType.Closed);
        Assert.Equal(ChannelEndReason.Broken, closed.Reason);
        Assert.Contains(what, closed.Text, StringComparison.Ordinal);
        Assert.Empty(_peer.Channel.Shares);
    }
}
