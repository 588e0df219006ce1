using System.Runtime.InteropServices;
using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Guests;
using DmaBuf.Sharing;
using DmaBuf.Transport;
using DmaBuf.Waits;
using Xunit;

namespace DmaBuf.Tests;

public sealed class ShareTableTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    [Fact]
    public void Removing_an_owner_removes_all_its_buffers_and_no_others()
    {
        using var table = new ShareTable();
        var first = table.Add(Buffers.New(4096), "one");
        var second = table.Add(Buffers.New(4096), "two");
        table.RemoveOwned(owner => owner is "one");
        Assert.Equal((false, true), (first.IsOpen, second.IsOpen));
        Assert.Equal([second], table.Buffers);
    }

    [Fact]
    public void A_buffer_that_its_user_disposes_is_forgotten()
    {
        using var table = new ShareTable();
        table.Add(Buffers.New(4096)).Dispose();
        Assert.Empty(table.Buffers);
    }

    [Fact]
    public void Shares_are_listed_oldest_first_even_after_others_have_ended()
    {
        Requires.Udmabuf();
        Requires.Root();
        using var table = new ShareTable();
        var pages = Enumerable.Range(0, 3).Select(_ => Export()).ToList();
        table.Revoke(pages[0]);
        pages = [.. pages[1..], Export(), Export()];
        Assert.Equal(pages, table.GuestPages);

        GuestPages Export() => table.ExportGuestPages(table.Add(UdmabufAllocator.Allocate(4096)));
    }

    [Fact]
    public void References_made_up_from_numbers_are_not_a_share_of_this_process()
    {
        using var table = new ShareTable();
        using var limit = new WaitLimit(s_limit);
        var grants = new GrantRefs { Domain = 1, PeerDomain = 2, Refs = [8], ShareId = Guid.NewGuid() };
        Assert.Equal(BufferFault.NoLease, Assert.Throws<BufferException>(() => table.Revoke(grants)).Fault);
        Assert.Equal(
            BufferFault.NoLease,
            Assert.Throws<BufferException>(() => table.WaitReleased(grants with { ShareId = null }, limit)).Fault);
    }

    [Fact]
    public void Waiting_for_a_buffer_lasts_until_its_peers_are_done()
    {
        using var folder = new ScratchFolder();
        using var table = new ShareTable();
        using var limit = new WaitLimit(s_limit);
        var buffer = table.Add(Buffers.New(4096));
        Assert.Equal(BufferFault.NoPeer, Assert.Throws<BufferException>(() => table.WaitReleased(buffer, limit)).Fault);
        var received = HandOver(table, buffer, folder, limit);
        using (var soon = new WaitLimit(TimeSpan.FromMilliseconds(50)))
            Assert.Throws<WaitTimeoutException>(() => table.WaitReleased(buffer, soon));
        received.Dispose();
        table.WaitReleased(buffer, limit);
        table.WaitReleased(buffer, limit);
    }

    /// <summary>An end that came between the waits for two links was once mistaken for a release.</summary>
    [Fact]
    public void A_wait_never_mistakes_the_end_of_the_links_for_a_release()
    {
        for (var round = 0; round < 500; round++)
        {
            var links = new ReleaseLinks();
            links.Add(new FakeLink());
            links.Add(new FakeLink());
            using var start = new Barrier(2);
            var wait = Task.Run(() =>
            {
                using var limit = new WaitLimit(s_limit);
                start.SignalAndWait();
                links.Wait(limit);
            }, TestContext.Current.CancellationToken);
            start.SignalAndWait(TestContext.Current.CancellationToken);
            links.Dispose();
            Assert.IsType<BufferException>(Assert.Throws<AggregateException>(wait.Wait).InnerException);
        }
    }

    [Fact]
    public void Links_are_asked_outside_the_lock()
    {
        var links = new ReleaseLinks();
        links.Add(new FakeLink
        {
            WhenAsked = () => Run(_ => Assert.True(links.WasGiven)).Wait(s_limit),
        });
        links.Add(new FakeLink());
        Assert.True(links.WasGiven);
    }

    [Fact]
    public void A_signal_that_the_host_cancels_ends_nothing_and_one_failing_end_does_not_prevent_the_others()
    {
        var (bad, good) = (new Ended(fails: true), new Ended(fails: false));
        AtExit.Add(bad);
        AtExit.Add(good);
        try
        {
            AtExit.OnSignal(new PosixSignalContext(PosixSignal.SIGTERM) { Cancel = true });
            Assert.False(good.IsEnded);
            AtExit.OnSignal(new PosixSignalContext(PosixSignal.SIGTERM));
            Assert.True(good.IsEnded && bad.IsEnded);
        }
        finally
        {
            AtExit.End(bad, () => { });
            AtExit.End(good, () => { });
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_end_of_a_process_waits_for_what_a_signal_or_another_thread_has_begun_to_end(bool bySignal)
    {
        var slow = new SlowEnd();
        AtExit.Add(slow);
        var first = Run(_ =>
        {
            if (bySignal)
                AtExit.OnSignal(new PosixSignalContext(PosixSignal.SIGTERM));
            else
                slow.Dispose();
        });
        slow.AwaitBegin();
        var exit = Run(_ => AtExit.DisposeAll());
        Assert.False(exit.Wait(200, TestContext.Current.CancellationToken));
        slow.Finish();
        Assert.True(Task.WaitAll([first, exit], s_limit));
    }

    [Fact]
    public void A_process_of_another_pid_namespace_counts_as_running()
    {
        Assert.True(ProcessMark.IsAlive($"{ProcessMark.Own} 5"));
        var ended = ProcessMark.Own.Replace($"{Environment.ProcessId} ", "999999999 ", StringComparison.Ordinal);
        Assert.False(ProcessMark.IsAlive(ended));
        Assert.True(ProcessMark.IsAlive("999999999 1 pid:[1] 5"));
        Assert.False(ProcessMark.IsAlive("nonsense"));
    }

    /// <summary>Runs work with a time limit on a thread of its own.</summary>
    private static Task Run(Action<WaitLimit> work) => Task.Factory.StartNew(
        () =>
        {
            using var own = new WaitLimit(s_limit);
            work(own);
        },
        TestContext.Current.CancellationToken,
        TaskCreationOptions.LongRunning,
        TaskScheduler.Default);

    private static DmaBuffer HandOver(ShareTable table, DmaBuffer buffer, ScratchFolder folder, WaitLimit limit)
    {
        using var listener = StreamListener.Listen(Endpoint.Parse($"unixd:{folder.File("s")}"));
        using var carrier = Carrier.Open($"unix:{folder.File("s")}");
        table.Send(carrier, buffer, wait: false, limit);
        return DescriptorHandOff.Receive(listener.Accept(limit), limit);
    }

    /// <summary>Like an offer, it ends once, and returns at once when it is disposed again.</summary>
    private sealed class SlowEnd : IDisposable
    {
        private readonly ManualResetEventSlim _hasBegun = new();
        private readonly ManualResetEventSlim _mayFinish = new();

        public void AwaitBegin() => Assert.True(_hasBegun.Wait(s_limit));

        public void Finish() => _mayFinish.Set();

        public void Dispose() => AtExit.End(this, () =>
        {
            if (_hasBegun.IsSet)
                return;
            _hasBegun.Set();
            _mayFinish.Wait(s_limit);
        });
    }

    private sealed class Ended(bool fails) : IDisposable
    {
        public bool IsEnded { get; private set; }

        public void Dispose()
        {
            IsEnded = true;
            if (fails)
                throw new InvalidOperationException();
        }
    }

    [Fact]
    public void A_wait_whose_time_is_over_does_not_lose_the_peer()
    {
        using var folder = new ScratchFolder();
        using var table = new ShareTable();
        using var limit = new WaitLimit(s_limit);
        var buffer = table.Add(Buffers.New(4096));
        var first = HandOver(table, buffer, folder, limit);
        using var listener = StreamListener.Listen(Endpoint.Parse($"unixd:{folder.File("s")}"));
        using var carrier = Carrier.Open($"unix:{folder.File("s")}");
        var isSent = false;
        for (var milliseconds = 100; !isSent; milliseconds *= 2)
        {
            // On a busy machine, the time may be over before anything is sent.
            using var soon = new WaitLimit(TimeSpan.FromMilliseconds(milliseconds));
            Assert.Throws<WaitTimeoutException>(
                () => table.Send(carrier, buffer, wait: true, soon, _ => isSent = true));
        }

        var second = DescriptorHandOff.Receive(listener.Accept(limit), limit);
        first.Dispose();
        using (var soon = new WaitLimit(TimeSpan.FromMilliseconds(100)))
            Assert.Throws<WaitTimeoutException>(() => table.WaitReleased(buffer, soon));
        second.Dispose();
        table.WaitReleased(buffer, limit);
    }

    /// <summary>A port scan beside a wait was once taken for the release.</summary>
    [Fact]
    public void A_peer_that_did_not_read_is_not_a_release_for_another_waiter()
    {
        using var folder = new ScratchFolder();
        using var table = new ShareTable();
        using var limit = new WaitLimit(s_limit);
        var buffer = table.Add(Buffers.New(4096));
        using var sent = new SemaphoreSlim(0);
        var sending = Run(own =>
        {
            using var carrier = Carrier.Open($"unixd:{folder.File("s")}");
            table.Send(carrier, buffer, wait: true, own, _ => sent.Release());
        });
        var peer = Endpoint.Parse($"unix:{folder.File("s")}");
        Task waiting;
        using (var source = new StreamSource(peer, NoListener.Wait))
        using (source.Next(limit))
        {
            sent.Wait(TestContext.Current.CancellationToken);
            waiting = Run(own => table.WaitReleased(buffer, own));
        }

        using var connecting = new StreamSource(peer, NoListener.Wait);
        var received = DescriptorHandOff.Receive(connecting.Next(limit), limit);
        sent.Wait(TestContext.Current.CancellationToken);
        Assert.False(waiting.Wait(200, TestContext.Current.CancellationToken));
        Assert.False(sending.IsCompleted);
        received.Dispose();
        Task.WaitAll([waiting, sending], TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Peers_that_did_not_read_before_the_sender_gave_up_are_not_a_release()
    {
        var links = new ReleaseLinks();
        using var limit = new WaitLimit(s_limit);
        var unread = new FakeLink { IsUnread = true, WhenWaited = () => { } };
        links.Add(unread, beginsHandOver: true);
        var waiting = Task.Run(() => links.Wait(limit), TestContext.Current.CancellationToken);
        unread.AwaitEnd();
        Assert.False(waiting.Wait(200, TestContext.Current.CancellationToken));
        links.EndHandOver();
        Assert.False(waiting.Result);
    }

    /// <summary>A second waiter that came back after the hand-over once took the unread peer for a release.</summary>
    [Fact]
    public void A_peer_that_did_not_read_is_not_a_release_for_a_waiter_that_sees_it_last()
    {
        var links = new ReleaseLinks();
        using var limit = new WaitLimit(s_limit);
        using var seen = new ManualResetEventSlim();
        using var late = new ManualResetEventSlim();
        var unread = new FakeLink { IsUnread = true };
        unread.WhenWaited = () =>
        {
            seen.Set();
            Assert.True(late.Wait(s_limit));
        };
        links.Add(unread, beginsHandOver: true);
        var waiting = Run(own => Assert.False(links.Wait(own)));
        seen.Wait(TestContext.Current.CancellationToken);
        unread.WhenWaited = () => { };
        Assert.Throws<PeerException>(() => links.Wait(unread, limit));
        links.EndHandOver();
        late.Set();
        waiting.Wait(TestContext.Current.CancellationToken);
        Assert.False(links.WasGiven);
    }

    [Fact]
    public void A_peer_that_was_done_when_the_share_ended_stays_a_release()
    {
        var links = new ReleaseLinks();
        using var limit = new WaitLimit(s_limit);
        links.Add(new FakeLink { IsDone = true });
        links.Dispose();
        Assert.True(links.Wait(limit));
    }

    [Fact]
    public void The_end_of_a_share_ends_a_wait_for_the_senders_next_peer()
    {
        var links = new ReleaseLinks();
        using var limit = new WaitLimit(s_limit);
        links.Add(new FakeLink { IsUnread = true, WhenWaited = () => { } }, beginsHandOver: true);
        var waiting = Task.Run(() => links.Wait(limit), TestContext.Current.CancellationToken);
        Assert.False(waiting.Wait(200, TestContext.Current.CancellationToken));
        links.Dispose();
        var failure = Assert.Throws<AggregateException>(waiting.Wait).InnerException;
        Assert.Equal(BufferFault.LinkEnded, Assert.IsType<BufferException>(failure).Fault);
    }

    /// <summary>A listener that closes with this peer still in its queue resets the connection.</summary>
    [Theory]
    [InlineData("unix")]
    [InlineData("tcp")]
    public void A_waiting_sender_that_is_reset_connects_again(string kind)
    {
        using var folder = new ScratchFolder();
        using var table = new ShareTable();
        using var limit = new WaitLimit(s_limit);
        var port = StreamTests.FreePort();
        var (listening, connecting) = kind == "unix"
            ? ($"unixd:{folder.File("s")}", $"unix:{folder.File("s")}")
            : ($"tcpd:127.0.0.1:{port}", $"tcp:127.0.0.1:{port}");
        var closing = StreamListener.Listen(Endpoint.Parse(listening));
        var grants = new GrantRefs { Domain = 1, PeerDomain = 2, Refs = [8] };
        var sent = Task.Run(() =>
        {
            using var own = new WaitLimit(s_limit);
            using var carrier = Carrier.Open(connecting, noListener: NoListener.Wait);
            table.Send(carrier, grants, wait: true, own);
        }, TestContext.Current.CancellationToken);
        Thread.Sleep(200);
        closing.Dispose();
        using var listener = StreamListener.Listen(Endpoint.Parse(listening));
        using (var peer = listener.Accept(limit))
            Assert.Equal(grants, GrantBlob.Receive(peer, 1, 2, limit));
        sent.Wait(TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Two_that_wait_for_one_peer_both_see_its_end()
    {
        using var folder = new ScratchFolder();
        for (var round = 0; round < 100; round++)
        {
            using var table = new ShareTable();
            var buffer = table.Add(Buffers.New(4096));
            using var limit = new WaitLimit(s_limit);
            var received = HandOver(table, buffer, folder, limit);
            using var start = new Barrier(3);
            var waits = Enumerable.Range(0, 2).Select(_ => Run(own =>
            {
                start.SignalAndWait();
                table.WaitReleased(buffer, own);
            })).ToArray();
            start.SignalAndWait(TestContext.Current.CancellationToken);
            received.Dispose();
            Task.WaitAll(waits, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public void A_failing_report_of_the_send_leaves_the_link_to_the_share()
    {
        using var folder = new ScratchFolder();
        using var table = new ShareTable();
        using var limit = new WaitLimit(s_limit);
        var buffer = table.Add(Buffers.New(4096));
        using var listener = StreamListener.Listen(Endpoint.Parse($"unixd:{folder.File("s")}"));
        using var carrier = Carrier.Open($"unix:{folder.File("s")}");
        Assert.Throws<InvalidOperationException>(() =>
            table.Send(carrier, buffer, wait: false, limit, _ => throw new InvalidOperationException()));
        DescriptorHandOff.Receive(listener.Accept(limit), limit).Dispose();
        table.WaitReleased(buffer, limit);
    }

    private sealed class FakeLink : IReleaseLink
    {
        private readonly ManualResetEventSlim _ended = new();

        public Func<bool>? WhenAsked { get; init; }

        /// <summary>Does what ends in the peer's end; null where only this side ends the link.</summary>
        public Action? WhenWaited { get; set; }

        public string Peer => "a peer";

        public bool IsUnread { get; init; }

        public bool IsDone
        {
            get
            {
                Assert.True(WhenAsked?.Invoke() ?? true);
                return field;
            }

            init;
        }

        public void WaitUntilDone(WaitLimit limit)
        {
            if (WhenWaited is { } wait)
            {
                wait();
                return;
            }

            AwaitEnd();
            throw BufferException.LinkEnded(Peer);
        }

        public void AwaitEnd() => Assert.True(_ended.Wait(s_limit));

        public void Dispose() => _ended.Set();
    }
}
