using Xunit;

namespace DmaBuf.Tests;

public sealed class DiscoveryTests
{
    [Fact]
    public void A_buffer_of_this_process_is_found_with_its_descriptors_and_mapping()
    {
        Requires.Udmabuf();
        using var buffer = UdmabufAllocator.Allocate(8192, 1, new MemFdOptions { Name = "find me" });
        new ContentWriter(buffer).Fill(new byte[] { 1 });
        var own = Assert.Single(SystemBuffers.Scan().Holders, holder => holder.Inode == buffer.Inode);
        Assert.Equal((Environment.ProcessId, 8192, "udmabuf", "find me", true), (own.ProcessId, own.Size, own.Exporter, own.Name, own.IsMapped));
        Assert.Equal([buffer.Fd], own.Fds);
        Assert.NotEmpty(own.User);
    }

    [Fact]
    public void A_buffer_that_another_process_received_is_found_there_with_the_same_inode()
    {
        Requires.Udmabuf();
        using var folder = new ScratchFolder();
        using var sender = CProgram.Start("peer", "send", "connect", folder.File("s"), "udmabuf");
        using var limit = new WaitLimit(TimeSpan.FromSeconds(20));
        using var source = new PeerSource(Endpoint.Parse($"unixd:{folder.File("s")}"));
        using var buffer = source.Next(limit).ReceiveDescriptor(limit);
        var holders = SystemBuffers.Scan().Holders.Where(holder => holder.Inode == buffer.Inode).ToList();
        Assert.Equal(2, holders.Count);
        Assert.Contains(holders, holder => holder.ProcessName == "peer" && holder.IsMapped);
    }

    [Fact]
    public void Every_feature_is_told_with_a_detail_and_a_cure_where_it_is_missing()
    {
        var checks = DmaBuf.Support.CheckAll();
        Assert.Equal(Enum.GetValues<SupportFeature>(), checks.Select(check => check.Feature));
        Assert.All(checks, check => Assert.NotEmpty(check.Detail));
        Assert.All(checks, check => Assert.Equal(check.Available, check.Cure is null));
        Assert.True(checks.Single(check => check.Feature == SupportFeature.MemFd).Available);
    }

    [Fact]
    public void Looking_at_the_machine_leaves_no_descriptor() => OpenDescriptors.StayTheSame(() =>
    {
        DmaBuf.Support.CheckAll();
        SystemBuffers.Scan();
    });
}
