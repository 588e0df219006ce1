using DmaBuf.Errors;
using DmaBuf.Sharing.Channels;
using DmaBuf.Waits;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>Tests threads that wait for a peer, and serve the channels while they do.</summary>
public sealed class ChannelWaitTests : IDisposable
{
    private readonly ChannelPair _pair = new();

    public void Dispose() => _pair.Dispose();

    [Fact]
    public async Task Threads_that_wait_for_different_events_each_get_theirs()
    {
        var published = WaitOnRight(ChannelEventType.Published);
        var unpublishing = WaitOnRight(ChannelEventType.Unpublishing);
        var closed = WaitOnRight(ChannelEventType.Closed);
        var share = _pair.Left.Publish(_pair.NewBuffer(), null, _pair.Limit);
        share.Unpublish(TimeSpan.FromSeconds(60));
        Assert.Equal(ChannelEventType.Published, (await published).Type);
        Assert.Equal(ChannelEventType.Unpublishing, (await unpublishing).Type);
        _pair.Left.Dispose();
        Assert.Equal(ChannelEventType.Closed, (await closed).Type);
    }

    [Fact]
    public void A_peer_is_served_by_a_side_that_does_not_wait_any_more()
    {
        var (exported, imported) = _pair.Publish();
        _pair.Import(imported);
        for (var i = 0; i < 100; i++)
        {
            imported.Release();
            // The left side waits for that, and then only the right side waits, which needs an answer of the left one.
            exported.WaitReleased(_pair.Limit);
            _pair.Left.Publish(exported.Buffer!, new ShareMetadata { PrivateData = new[] { (byte)i } }, _pair.Limit);
            _pair.RightTable.TakeEvent([_pair.Right], [ChannelEventType.Updated], _pair.Limit);
            imported.Acquire(write: true, _pair.Limit);
        }
    }

    [Fact]
    public void A_peer_is_served_after_five_milliseconds_without_a_waiter_however_often_the_timer_expires()
    {
        var clock = new ManualClock();
        using var peer = new RawChannelPeer(clock: clock);
        using (var moment = new WaitLimit(TimeSpan.FromMilliseconds(1)))
            Assert.Throws<WaitTimeoutException>(() => peer.Table.TakeEvent([peer.Channel], [], moment));
        // This thread has waited, so the channels' thread rests after the first message, and this one reads the second.
        for (var i = 1u; i <= 2; i++)
        {
            peer.Writer.Publish(new ShareId(i), 4096, ShareMetadata.Empty);
            peer.Send();
            peer.Next(ChannelEventType.Published);
        }

        clock.Advance(TimeSpan.FromMilliseconds(4));
        // The timer expires again and again now, and nobody has served for four milliseconds each time.
        var reads = clock.Reads;
        Await(() => clock.Reads >= reads + 4);
        clock.Advance(TimeSpan.FromMilliseconds(1));
        peer.Writer.Publish(new ShareId(3), 4096, ShareMetadata.Empty);
        peer.Send();
        Await(() => peer.Channel.PendingEvents == 1);

        static void Await(Func<bool> condition) =>
            Assert.True(SpinWait.SpinUntil(condition, TimeSpan.FromSeconds(60)));
    }

    [Fact]
    public async Task A_wait_ends_when_it_is_cancelled()
    {
        using var source = new CancellationTokenSource();
        var waiting = WaitOnRight(ChannelEventType.Published, source.Token);
        Assert.NotSame(waiting, await Task.WhenAny(waiting, Task.Delay(50, TestContext.Current.CancellationToken)));
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task A_wait_ends_by_what_another_thread_of_its_process_does()
    {
        var waiting = WaitOnRight(ChannelEventType.Closed);
        _pair.Right.Dispose();
        Assert.Equal(ChannelEndReason.Closed, (await waiting).Reason);
        Assert.Equal(ChannelEventType.Closed, _pair.Next(_pair.LeftTable, ChannelEventType.Closed).Type);
    }

    private Task<ChannelEvent> WaitOnRight(ChannelEventType type, CancellationToken cancellation = default) =>
        Task.Factory.StartNew(
            () =>
            {
                using var limit = new WaitLimit(TimeSpan.FromSeconds(60), cancellation);
                return _pair.RightTable.TakeEvent([_pair.Right], [type], limit);
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
}
