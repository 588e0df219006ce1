using DmaBuf.Interop;
using DmaBuf.Sharing.Channels;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>When the thread of the channels takes over from those who wait.</summary>
public sealed class TakeOverTimerTests
{
    [Fact]
    public void Nobody_serving_is_noticed_after_a_few_expirations()
    {
        using var timer = new TakeOverTimer(TimeProvider.System);
        for (var round = 0; round < 50; round++)
        {
            timer.Begin();
            Thread.Sleep(4);
            // Another turn ends shortly before the timer expires.
            timer.Begin();
            Assert.InRange(Expirations(timer), 1, 3);
        }
    }

    [Fact]
    public void A_waiter_that_serves_is_left_alone_and_the_timer_waits_for_its_end()
    {
        using var timer = new TakeOverTimer(TimeProvider.System);
        timer.Begin();
        Await(timer);
        Assert.False(timer.TakeIsDue(isServed: true));
        Assert.False(Poll.Has(timer.Descriptor, Poll.POLLIN));
        timer.Begin();
        Assert.InRange(Expirations(timer), 1, 3);
        Assert.False(Poll.Has(timer.Descriptor, Poll.POLLIN));
    }

    /// <summary>How often the timer expires until it is due. After each time, the thread rests again.</summary>
    private static int Expirations(TakeOverTimer timer)
    {
        for (var count = 1; ; count++)
        {
            Await(timer);
            if (timer.TakeIsDue(isServed: false))
                return count;
            timer.Arm();
        }
    }

    private static void Await(TakeOverTimer timer) =>
        Assert.True(SpinWait.SpinUntil(() => Poll.Has(timer.Descriptor, Poll.POLLIN), TimeSpan.FromSeconds(10)));
}
