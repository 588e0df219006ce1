using System.Diagnostics;
using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Waits;
using Xunit;

namespace DmaBuf.Tests;

public sealed class WaitSetTests
{
    private const int LongMilliseconds = 120_000;
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(60);

    [Fact]
    public void A_wait_for_several_descriptors_reports_which_one_has_an_event()
    {
        using var set = new WaitSet();
        using var first = Poll.CreateEvent()!;
        using var second = Poll.CreateEvent()!;
        set.Add(first, Poll.POLLIN);
        var index = set.Add(second, Poll.POLLIN);
        Assert.False(set.Wait(0, "nothing"));

        Poll.Signal(second);
        Assert.True(set.Wait(LongMilliseconds, "an event"));
        Assert.Equal(Poll.POLLIN, set.Events(index));
        Assert.Equal(0, set.Events(0));
    }

    [Fact]
    public void Disposing_a_descriptor_ends_every_wait_that_holds_it()
    {
        var descriptor = Poll.CreateEvent()!;
        var number = descriptor.Number;
        using var other = Poll.CreateEvent()!;
        using var started = new CountdownEvent(2);
        var waits = Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
        {
            using var set = new WaitSet();
            set.Add(other, Poll.POLLIN);
            set.Add(descriptor, Poll.POLLIN);
            started.Signal();
            return Assert.Throws<KernelException>(() => set.Wait(LongMilliseconds, "an event"));
        })).ToArray();
        started.Wait(TestContext.Current.CancellationToken);
        Thread.Sleep(50);

        var clock = Stopwatch.StartNew();
        descriptor.Dispose();
        Assert.All(waits, wait => Assert.Equal("poll,EBADF", wait.Result.ErrorId));
        Assert.True(clock.Elapsed < s_soon);
        Assert.False(File.Exists($"/proc/self/fd/{number}"));
    }

    [Fact]
    public void A_descriptor_that_was_disposed_is_not_polled()
    {
        using var limit = new WaitLimit();
        using var set = new WaitSet();
        var descriptor = Poll.CreateEvent()!;
        set.Add(descriptor, Poll.POLLIN);
        descriptor.Dispose();
        Assert.Equal(
            "poll,EBADF", Assert.Throws<KernelException>(() => set.Wait(LongMilliseconds, "an event")).ErrorId);
        Assert.Equal(
            "poll,EBADF", Assert.Throws<KernelException>(() => limit.ForEvent(descriptor, Poll.POLLIN, "x")).ErrorId);
    }

    /// <summary>Once a descriptor is closed, its number may stand for another one.</summary>
    [Fact]
    public void A_reused_number_is_never_mistaken_for_the_descriptor_that_was_closed()
    {
        for (var round = 0; round < 200; round++)
        {
            var descriptor = Poll.CreateEvent()!;
            using var started = new ManualResetEventSlim();
            var wait = Task.Run(() =>
            {
                using var limit = new WaitLimit(s_soon);
                started.Set();
                limit.ForEvent(descriptor, Poll.POLLIN, "an event");
            }, TestContext.Current.CancellationToken);
            started.Wait(TestContext.Current.CancellationToken);
            descriptor.Dispose();
            using var next = Poll.CreateEvent()!;
            Poll.Signal(next);
            Assert.IsType<KernelException>(Assert.Throws<AggregateException>(wait.Wait).InnerException);
        }
    }

    [Fact]
    public void Cancellation_wakes_a_wait()
    {
        using var cancel = new CancellationTokenSource();
        using var set = new WaitSet(cancel.Token);
        using var descriptor = Poll.CreateEvent()!;
        set.Add(descriptor, Poll.POLLIN);
        cancel.CancelAfter(50);
        Assert.Throws<OperationCanceledException>(() => set.Wait(LongMilliseconds, "an event"));
        Assert.Throws<OperationCanceledException>(() => set.Wait(LongMilliseconds, "an event"));
    }

    [Fact]
    public void Waiting_again_allocates_nothing()
    {
        using var limit = new WaitLimit(TimeSpan.FromMinutes(1));
        using var set = new WaitSet();
        using var descriptor = Poll.CreateEvent()!;
        Poll.Signal(descriptor);
        Wait();
        var allocated = Allocations.Of(() =>
        {
            for (var i = 0; i < 100; i++)
                Wait();
        });
        Assert.Equal(0, allocated);

        void Wait()
        {
            set.Clear();
            set.Add(descriptor, Poll.POLLIN);
            set.Wait(LongMilliseconds, "an event");
            limit.ForEvent(descriptor, Poll.POLLIN, LongMilliseconds, "an event");
        }
    }
}
