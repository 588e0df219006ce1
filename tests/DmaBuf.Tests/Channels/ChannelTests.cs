using System.Collections.Concurrent;
using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Sharing.Channels;
using DmaBuf.Waits;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>Tests two sides of a channel over a unix socket.</summary>
public sealed class ChannelTests : IDisposable
{
    private static readonly PictureLayout s_picture = new()
    {
        Width = 32, Height = 16, FourCC = FourCC.Parse("XR24"), Planes = [new PicturePlane(0, 128)],
    };

    private readonly ChannelPair _pair = new();

    public void Dispose() => _pair.Dispose();

    [Fact]
    public void A_published_buffer_reaches_the_peer_with_its_metadata_and_its_bytes()
    {
        var metadata = new ShareMetadata { Name = "frame", PrivateData = "note"u8.ToArray(), Picture = s_picture };
        var (exported, imported) = _pair.Publish(8192, metadata);
        Assert.Equal((exported.Id, 8192L, metadata), (imported.Id, imported.Size, imported.Metadata));
        exported.Buffer!.Write("from the left");
        using var buffer = _pair.Import(imported);
        Assert.Equal("from the left", buffer.Text());
        _pair.Next(_pair.LeftTable, ChannelEventType.Imported);
        Assert.Equal((ShareState.InUse, ShareState.InUse), (exported.State, imported.State));
        Assert.Equal((1, 1), (exported.Users, exported.TotalUsers));
        buffer.Write("from the right");
        Assert.Equal("from the right", exported.Buffer!.Text());
    }

    [Fact]
    public void A_use_goes_from_import_over_release_and_acquire_to_removal()
    {
        var (exported, imported) = _pair.Publish();
        var buffer = _pair.Import(imported);
        _pair.Next(_pair.LeftTable, ChannelEventType.Imported);
        imported.Release();
        _pair.Next(_pair.LeftTable, ChannelEventType.Released);
        Assert.Equal(ShareState.Released, exported.State);
        imported.Acquire(write: true, _pair.Limit);
        _pair.Next(_pair.LeftTable, ChannelEventType.Acquired);
        Assert.Equal(ShareState.InUse, exported.State);
        buffer.Dispose();
        var removed = _pair.Next(_pair.LeftTable, ChannelEventType.Removed);
        Assert.Equal((ChannelEndReason.Removed, ShareState.Offered), (removed.Reason, exported.State));
        using var again = _pair.Import(imported);
        _pair.Next(_pair.LeftTable, ChannelEventType.Imported);
        Assert.Equal(2, exported.TotalUsers);
    }

    [Fact]
    public void Publishing_again_keeps_the_id_updates_the_metadata_and_cancels_unpublishing()
    {
        var (exported, imported) = _pair.Publish(metadata: new ShareMetadata { Name = "one" });
        exported.Unpublish(TimeSpan.FromSeconds(60));
        _pair.Next(_pair.RightTable, ChannelEventType.Unpublishing);
        Assert.True(imported.IsUnpublished);
        Assert.InRange(imported.UnpublishesIn!.Value.TotalSeconds, 1, 60);
        var again = _pair.Left.Publish(exported.Buffer!, new ShareMetadata { Name = "two" }, _pair.Limit);
        Assert.Same(exported, again);
        _pair.Next(_pair.RightTable, ChannelEventType.Updated);
        Assert.Equal(("two", false), (imported.Name, imported.IsUnpublished));
    }

    [Fact]
    public void An_unpublished_share_ends_at_once_where_nobody_has_it()
    {
        var (exported, imported) = _pair.Publish();
        exported.Unpublish();
        Assert.Equal(ShareState.Ended, exported.State);
        _pair.Next(_pair.RightTable, ChannelEventType.Unpublishing);
        _pair.Next(_pair.RightTable, ChannelEventType.Unpublished);
        Assert.False(imported.IsValid);
        Assert.Equal(ShareFault.Unknown, Assert.Throws<ShareException>(() => _pair.Import(imported)).Fault);
        Assert.Empty(_pair.Left.Shares);
        Assert.Empty(_pair.Right.Shares);
    }

    [Fact]
    public void An_unpublished_share_ends_with_the_last_release_and_takes_no_import_before()
    {
        var (exported, imported) = _pair.Publish();
        var buffer = _pair.Import(imported);
        exported.Unpublish();
        Assert.True(exported.IsValid);
        Assert.Equal(ShareFault.BadState, Assert.Throws<ShareException>(() => _pair.Import(imported)).Fault);
        buffer.Dispose();
        _pair.Next(_pair.RightTable, ChannelEventType.Unpublishing);
        _pair.Next(_pair.RightTable, ChannelEventType.Unpublished);
        Assert.Equal(ShareState.Ended, exported.State);
    }

    [Fact]
    public void A_delay_ends_by_itself()
    {
        var (exported, imported) = _pair.Publish();
        exported.Unpublish(TimeSpan.FromMilliseconds(100));
        _pair.Next(_pair.RightTable, ChannelEventType.Unpublishing);
        _pair.Next(_pair.RightTable, ChannelEventType.Unpublished);
        Assert.False(imported.IsValid);
    }

    [Fact]
    public void An_imported_buffer_cannot_be_locked_once_its_channel_has_ended()
    {
        var (_, imported) = _pair.Publish();
        using var buffer = _pair.Import(imported);
        _pair.Left.Dispose();
        Eventually(() => !_pair.Right.IsOpen);
        Assert.Equal(
            ShareFault.ChannelClosed,
            Assert.Throws<ShareException>(() => _pair.RightTable.Unlock(buffer)).Fault);
        Assert.Equal(
            ShareFault.ChannelClosed,
            Assert.Throws<ShareException>(() => _pair.RightTable.Lock(buffer, write: true, _pair.Limit)).Fault);
    }

    [Fact]
    public void A_release_of_older_content_is_not_taken_for_one_of_the_newest()
    {
        var (exported, imported) = _pair.Publish();
        using var buffer = _pair.Import(imported);
        _pair.Next(_pair.LeftTable, ChannelEventType.Imported);
        _pair.Left.Publish(exported.Buffer!, null, _pair.Limit);
        imported.Release();
        _pair.Next(_pair.LeftTable, ChannelEventType.Released);
        using (var soon = new WaitLimit(TimeSpan.FromMilliseconds(50)))
            Assert.Throws<WaitTimeoutException>(() => exported.WaitReleased(soon));
        imported.Acquire(write: false, _pair.Limit);
        imported.Release();
        exported.WaitReleased(_pair.Limit);
    }

    [Fact]
    public void The_newest_share_with_a_name_is_found_and_none_that_is_unpublished()
    {
        var name = new ShareMetadata { Name = "frame" };
        var (first, _) = _pair.Publish(metadata: name);
        _pair.Publish(metadata: name);
        first.Unpublish();
        _pair.Next(_pair.RightTable, ChannelEventType.Unpublishing);
        _pair.Next(_pair.RightTable, ChannelEventType.Unpublished);
        var (_, last) = _pair.Publish(8192, name);
        Assert.Same(last, _pair.RightTable.WaitForShare(null, "frame", _pair.Limit));
    }

    [Fact]
    public void Events_of_several_channels_come_in_the_order_in_which_they_happened()
    {
        var (one, other) = _pair.Connect();
        var opening = Task.Run(() =>
        {
            using var limit = ChannelPair.NewLimit();
            return _pair.LeftTable.Open(one, new ChannelOptions(), limit);
        }, TestContext.Current.CancellationToken);
        var second = _pair.RightTable.Open(other, new ChannelOptions(), _pair.Limit);
        var left = opening.GetAwaiter().GetResult();
        left.Publish(_pair.NewBuffer(), null, _pair.Limit);
        Eventually(() => second.PendingEvents == 1);
        _pair.Left.Publish(_pair.NewBuffer(), null, _pair.Limit);
        Eventually(() => _pair.Right.PendingEvents == 1);
        Assert.Same(second, _pair.RightTable.TakeEvent(null, [], _pair.Limit).Channel);
        Assert.Same(_pair.Right, _pair.RightTable.TakeEvent(null, [], _pair.Limit).Channel);
    }

    [Fact]
    public void A_subscriber_that_waits_for_a_peer_is_refused()
    {
        ShareException? refusal = null;
        _pair.Right.EventReceived += (_, e) =>
            refusal = Assert.Throws<ShareException>(() => _pair.Import((ImportedShare)e.Event.Share!));
        _pair.Publish();
        Eventually(() => refusal is not null);
        Assert.Equal(ShareFault.BadState, refusal!.Fault);
    }

    [Fact]
    public void A_wait_for_a_buffer_ends_when_the_buffer_is_removed()
    {
        var (exported, imported) = _pair.Publish();
        using var import = _pair.Import(imported);
        var buffer = exported.Buffer!;
        var locking = Task.Run(() =>
        {
            using var limit = ChannelPair.NewLimit();
            return Assert.Throws<BufferException>(() => _pair.LeftTable.Lock(buffer, write: true, limit));
        }, TestContext.Current.CancellationToken);
        while (!locking.IsCompleted && !IsLocked(buffer))
            Thread.Sleep(1);
        _pair.LeftTable.Shares.Remove(buffer);
        Assert.Equal(BufferFault.Removed, locking.GetAwaiter().GetResult().Fault);

        bool IsLocked(DmaBuf.Buffers.DmaBuffer waited)
        {
            using var soon = new WaitLimit(TimeSpan.Zero);
            return Record.Exception(() => _pair.LeftTable.Lock(waited, write: true, soon)) is ShareException;
        }
    }

    [Fact]
    public void A_buffer_that_is_in_no_table_is_refused()
    {
        using var buffer = Buffers.New(4096);
        Assert.Equal(
            ShareFault.BadState,
            Assert.Throws<ShareException>(() => _pair.Left.Publish(buffer, null, _pair.Limit)).Fault);
        Assert.Equal(
            ShareFault.BadState,
            Assert.Throws<ShareException>(() => _pair.LeftTable.Lock(buffer, write: true, _pair.Limit)).Fault);
    }

    [Fact]
    public void Kernel_calls_are_reported_outside_the_lock()
    {
        var calls = new List<string>();
        var isLocked = false;
        using (Tracing.KernelTrace.Listen(call =>
        {
            calls.Add(call);
            isLocked |= Monitor.IsEntered(_pair.LeftTable.Sync);
        }))
            _pair.Publish();
        Assert.Contains(calls, call => call.StartsWith("send(", StringComparison.Ordinal));
        Assert.False(isLocked);
    }

    [Fact]
    public void A_delay_allows_imports_until_it_is_over()
    {
        var (exported, imported) = _pair.Publish();
        exported.Unpublish(TimeSpan.FromMinutes(10));
        _pair.Next(_pair.RightTable, ChannelEventType.Unpublishing);
        _pair.Import(imported).Dispose();
        exported.Unpublish(TimeSpan.FromMilliseconds(100));
        _pair.Next(_pair.RightTable, ChannelEventType.Unpublishing);
        _pair.Next(_pair.RightTable, ChannelEventType.Unpublished);
        Assert.Equal(ShareFault.Unknown, Assert.Throws<ShareException>(() => _pair.Import(imported)).Fault);
    }

    [Fact]
    public void The_exporters_lock_keeps_the_peer_out_and_waits_for_it()
    {
        var (exported, imported) = _pair.Publish();
        var buffer = exported.Buffer!;
        _pair.LeftTable.Lock(buffer, write: true, _pair.Limit);
        using (var soon = new WaitLimit(TimeSpan.FromMilliseconds(50)))
        {
            Assert.Throws<WaitTimeoutException>(
                () => imported.Import(Grants.ImportMethod.Any, soon));
        }

        _pair.LeftTable.Unlock(buffer);
        using var import = _pair.Import(imported);
        Assert.Equal(
            ShareFault.InUse, Assert.Throws<ShareException>(() => _pair.LeftTable.CheckNotInUse(buffer)).Fault);
        using (var soon = new WaitLimit(TimeSpan.FromMilliseconds(50)))
            Assert.Throws<WaitTimeoutException>(() => _pair.LeftTable.Lock(buffer, write: true, soon));
        imported.Release();
        _pair.LeftTable.Lock(buffer, write: true, _pair.Limit);
        _pair.LeftTable.CheckNotInUse(buffer);
        _pair.LeftTable.Unlock(buffer);
    }

    [Fact]
    public void A_disconnect_gives_everything_back()
    {
        var (exported, imported) = _pair.Publish();
        var buffer = _pair.Import(imported);
        _pair.Next(_pair.LeftTable, ChannelEventType.Imported);
        _pair.Right.Dispose();
        const ChannelEndReason Reason = ChannelEndReason.PeerDisconnected;
        Assert.Equal(Reason, _pair.Next(_pair.LeftTable, ChannelEventType.Removed).Reason);
        Assert.Equal(Reason, _pair.Next(_pair.LeftTable, ChannelEventType.Closed).Reason);
        Assert.Equal((ShareState.Ended, false), (exported.State, _pair.Left.IsOpen));
        Assert.Equal(
            ShareFault.ChannelClosed,
            Assert.Throws<ShareException>(() => _pair.Left.Publish(exported.Buffer!, null, _pair.Limit)).Fault);
        Assert.True(buffer.IsOpen);
        buffer.Dispose();
    }

    [Fact]
    public void Removing_a_published_buffer_ends_its_shares()
    {
        var (exported, imported) = _pair.Publish();
        _pair.LeftTable.Shares.Remove(exported.Buffer!);
        _pair.Next(_pair.RightTable, ChannelEventType.Unpublishing);
        _pair.Next(_pair.RightTable, ChannelEventType.Unpublished);
        Assert.False(imported.IsValid);
    }

    [Fact]
    public void A_peer_takes_no_more_shares_than_it_said()
    {
        using var pair = new ChannelPair(right: new ChannelOptions { MaxShares = 1 });
        pair.Publish();
        var more = pair.NewBuffer();
        Assert.Equal(
            ShareFault.TooMany, Assert.Throws<ShareException>(() => pair.Left.Publish(more, null, pair.Limit)).Fault);
    }

    [Fact]
    public void Metadata_that_does_not_fit_is_refused()
    {
        var buffer = _pair.NewBuffer();
        ShareMetadata[] bad =
        [
            new() { PrivateData = new byte[193] },
            new() { Name = new string('x', 65) },
            new() { Picture = s_picture with { Planes = [new PicturePlane(4096 - 127, 128)] } },
            new() { Picture = s_picture with { Height = 33 } },
            new() { Picture = s_picture with { Planes = [] } },
        ];
        Assert.All(bad, metadata => Assert.Equal(
            ShareFault.BadMetadata,
            Assert.Throws<ShareException>(() => _pair.Left.Publish(buffer, metadata, _pair.Limit)).Fault));
    }

    [Fact]
    public void Events_that_nobody_reads_are_dropped_and_counted()
    {
        using var pair = new ChannelPair(right: new ChannelOptions { MaxEvents = 4 });
        var buffer = pair.NewBuffer();
        for (var i = 0; i < 10; i++)
            pair.Left.Publish(buffer, null, pair.Limit);
        Eventually(() => pair.Right is { DroppedEvents: 6, PendingEvents: 4 });
        Assert.Single(pair.Right.Shares);
    }

    [Fact]
    public void The_last_events_of_a_channel_that_ended_are_among_those_of_all_channels()
    {
        _pair.Publish();
        _pair.Right.Dispose();
        Eventually(() => !_pair.Left.IsOpen);
        Assert.Equal(ChannelEventType.Closed, _pair.LeftTable.TakeEvent(null, [], _pair.Limit).Type);
        Assert.Equal(ChannelEventType.Closed, _pair.RightTable.TakeEvent(null, [], _pair.Limit).Type);
        using var soon = new WaitLimit(TimeSpan.FromMilliseconds(50));
        Assert.Throws<WaitTimeoutException>((Action)(() => _pair.LeftTable.TakeEvent(null, [], soon)));
    }

    [Fact]
    public void Both_sides_may_unpublish_at_once()
    {
        var (exported, imported) = _pair.Publish();
        var back = _pair.Right.Publish(_pair.RightTable.Shares.Add(Buffers.New(4096)), null, _pair.Limit);
        _pair.Next(_pair.LeftTable, ChannelEventType.Published);
        Parallel.Invoke(() => exported.Unpublish(), () => back.Unpublish());
        Eventually(() => !imported.IsValid && _pair.Left.Shares.Count == 0 && _pair.Right.Shares.Count == 0);
    }

    [Fact]
    public void Channels_leave_no_descriptor_and_no_mapping_behind() =>
        OpenDescriptors.StayTheSame(() =>
        {
            using var pair = new ChannelPair();
            var (exported, imported) = pair.Publish();
            using (pair.Import(imported))
                pair.Next(pair.LeftTable, ChannelEventType.Imported);
            pair.Next(pair.LeftTable, ChannelEventType.Removed);
            exported.Unpublish();
            pair.Left.Dispose();
            Eventually(() => !pair.Right.IsOpen);
        });

    [Fact]
    public void A_subscriber_gets_every_event()
    {
        var seen = new ConcurrentQueue<ChannelEventType>();
        _pair.Right.EventReceived += (_, e) => seen.Enqueue(e.Event.Type);
        var (exported, _) = _pair.Publish();
        exported.Unpublish();
        Eventually(() => seen.Count == 3);
        Assert.Equal(
            [ChannelEventType.Published, ChannelEventType.Unpublishing, ChannelEventType.Unpublished], seen);
    }

    [Fact]
    public void A_wait_for_release_lasts_until_the_last_update_was_used()
    {
        var (exported, imported) = _pair.Publish();
        using (var soon = new WaitLimit(TimeSpan.FromMilliseconds(50)))
            Assert.Throws<WaitTimeoutException>(() => exported.WaitReleased(soon));
        using var buffer = _pair.Import(imported);
        imported.Release();
        exported.WaitReleased(_pair.Limit);
        _pair.Left.Publish(exported.Buffer!, null, _pair.Limit);
        using (var soon = new WaitLimit(TimeSpan.FromMilliseconds(50)))
            Assert.Throws<WaitTimeoutException>(() => exported.WaitReleased(soon));
    }

    private static void Eventually(Func<bool> isTrue)
    {
        using var limit = ChannelPair.NewLimit();
        while (!isTrue())
            limit.Pause(10, "the condition");
    }
}
