using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Sharing.Channels;
using DmaBuf.Waits;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>Tests waits for the fences that a device attaches to a dma-buf.</summary>
public sealed class FenceTests
{
    [Fact]
    public void A_wait_for_fences_lasts_until_the_device_is_done()
    {
        using var device = new Vgem();
        using var buffer = DmaBuffer.Adopt(device.Export(), BufferOrigin.Received);
        WaitFor(buffer, BufferAccess.ReadWrite);
        var fence = device.Attach(write: false);
        WaitFor(buffer, BufferAccess.Read);
        AssertIsBusy(buffer, BufferAccess.ReadWrite);
        device.Signal(fence);
        WaitFor(buffer, BufferAccess.ReadWrite);
        fence = device.Attach(write: true);
        AssertIsBusy(buffer, BufferAccess.Read);
        device.Signal(fence);
        WaitFor(buffer, BufferAccess.Read);
    }

    [Fact]
    public void An_importer_gets_access_once_the_exporters_device_is_done()
    {
        using var device = new Vgem();
        using var pair = new ChannelPair();
        var buffer = pair.LeftTable.Shares.Add(DmaBuffer.Adopt(device.Export(), BufferOrigin.Received));
        pair.Left.Publish(buffer, null, pair.Limit);
        var share = (ImportedShare)pair.Next(pair.RightTable, ChannelEventType.Published).Share!;
        var fence = device.Attach(write: true);
        using (var soon = new WaitLimit(TimeSpan.FromMilliseconds(300)))
            Assert.Throws<WaitTimeoutException>(() => share.Import(Grants.ImportMethod.Any, soon));
        device.Signal(fence);
        using var import = pair.Import(share);
        share.Release();
        fence = device.Attach(write: true);
        using (var soon = new WaitLimit(TimeSpan.FromMilliseconds(300)))
            Assert.Throws<WaitTimeoutException>(() => share.Acquire(write: false, soon));
        var acquiring = Task.Run(() =>
        {
            using var limit = ChannelPair.NewLimit();
            share.Acquire(write: false, limit);
        }, TestContext.Current.CancellationToken);
        Thread.Sleep(200);
        Assert.False(acquiring.IsCompleted);
        device.Signal(fence);
        acquiring.GetAwaiter().GetResult();
        Assert.Equal(ShareState.InUse, share.State);
    }

    private static void WaitFor(DmaBuffer buffer, BufferAccess access)
    {
        // Shorter than the 10 s after which vgem itself signals a fence.
        using var limit = new WaitLimit(TimeSpan.FromSeconds(9));
        buffer.WaitFences(access, limit);
    }

    private static void AssertIsBusy(DmaBuffer buffer, BufferAccess access)
    {
        using var soon = new WaitLimit(TimeSpan.FromMilliseconds(300));
        Assert.Throws<WaitTimeoutException>(() => buffer.WaitFences(access, soon));
    }
}
