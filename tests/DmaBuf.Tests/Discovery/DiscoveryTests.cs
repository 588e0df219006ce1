using DmaBuf.Buffers;
using DmaBuf.Discovery;
using DmaBuf.Sharing;
using DmaBuf.Transport;
using DmaBuf.Waits;
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
        Assert.Equal(
            (Environment.ProcessId, 8192, "udmabuf", "find me", true),
            (own.ProcessId, own.Size, own.Exporter, own.Name, own.IsMapped));
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
        using var source = new StreamSource(Endpoint.Parse($"unixd:{folder.File("s")}"));
        using var buffer = DescriptorHandOff.Receive(source.Next(limit), limit);
        var holders = SystemBuffers.Scan().Holders.Where(holder => holder.Inode == buffer.Inode).ToList();
        Assert.Equal(2, holders.Count);
        Assert.Contains(holders, holder => holder.ProcessName == "peer" && holder.IsMapped);
    }

    [Fact]
    public void The_text_of_a_holders_descriptors_is_their_numbers()
    {
        var holder = new DmaBufHolder
        {
            ProcessId = 7,
            ProcessName = "camerad",
            User = "video",
            Inode = 12,
            Size = 8192,
            Exporter = "udmabuf",
            Fds = [3, 9],
            IsMapped = false,
        };
        Assert.Equal([3, 9], holder.Fds);
        Assert.Equal("3,9", $"{holder.Fds}");
    }

    [Fact]
    public void A_name_with_line_breaks_cannot_forge_other_fields()
    {
        using var process = ProcessFolder(
            "pos:\t0\nflags:\t02\nmnt_id:\t16\nino:\t42\nsize:\t8192\ncount:\t1\nexp_name:\tudmabuf\n"
            + "name:\tx\nino:\t1\nsize:\t1\nexp_name:\ty\n");
        Assert.Equal(
            new FdInfo(42, 8192, "udmabuf", "x\nino:\t1\nsize:\t1\nexp_name:\ty"), FdInfo.Read(process.File(""), 7));
    }

    [Fact]
    public void Where_the_kernel_prints_no_inode_number_statx_provides_it()
    {
        using var process = ProcessFolder(
            "pos:\t0\nflags:\t02\nmnt_id:\t16\nsize:\t8192\ncount:\t1\nexp_name:\tudmabuf\n");
        Assert.True(Interop.Stat.OfPath(process.File("buffer"), out var status));
        Assert.Equal(new FdInfo(status.stx_ino, 8192, "udmabuf", null), FdInfo.Read(process.File(""), 7));
    }

    [Fact]
    public void Only_mappings_of_a_buffer_itself_count()
    {
        using var process = ProcessFolder("");
        File.WriteAllText(process.File("maps"), """
            7f0000000000-7f0000004000 rw-s 00001000 00:0e 42                         /dmabuf:a b
            7f0000010000-7f0000014000 rw-p 00000000 00:00 0                          [anon: /dmabuf:]
            7f0000020000-7f0000024000 rw-s 00000000 00:01 43                         /memfd: /dmabuf: (deleted)
            7f0000030000-7f0000034000 r-xp 00000000 08:01 44                         /usr/lib/dmabuf:
            7f0000040000-7f0000044000 rw-p 00000000 00:00 0

            """);
        Assert.Equal(new Dictionary<ulong, long> { [42] = 0x5000 }, SystemBuffers.MappedBytes(process.File("maps")));
    }

    [Fact]
    public void A_name_that_another_holder_sets_is_seen()
    {
        Requires.Udmabuf();
        using var buffer = UdmabufAllocator.Allocate(4096, 1, new MemFdOptions { Name = "first" });
        Assert.Equal("first", buffer.Name);
        using (var other = Interop.Fcntl.Duplicate(buffer.Fd)!)
            Assert.True(Interop.DmaBufUapi.SetName(other, "sec\nond"));
        Assert.Equal(@"sec\x0aond", buffer.Name);
        buffer.Dispose();
        Assert.Equal(@"sec\x0aond", buffer.Name);
    }

    [Fact]
    public void Every_feature_is_reported_with_a_detail_and_a_missing_one_with_advice()
    {
        var checks = Discovery.Support.CheckAll();
        Assert.Equal(Enum.GetValues<SupportFeature>(), checks.Select(check => check.Feature));
        Assert.All(checks, check => Assert.NotEmpty(check.Detail));
        Assert.All(checks, check => Assert.Equal(check.Available, check.RecommendedAction is null));
        Assert.True(checks.Single(check => check.Feature == SupportFeature.MemFd).Available);
    }

    [Fact]
    public void Examining_the_machine_leaks_no_descriptor() => OpenDescriptors.StayTheSame(() =>
    {
        Discovery.Support.CheckAll();
        SystemBuffers.Scan();
    });

    /// <summary>Makes a folder like /proc/PID with one descriptor, number 7.</summary>
    private static ScratchFolder ProcessFolder(string info)
    {
        var folder = new ScratchFolder();
        Directory.CreateDirectory(folder.File("fd"));
        Directory.CreateDirectory(folder.File("fdinfo"));
        File.WriteAllText(folder.File("buffer"), "");
        File.CreateSymbolicLink(folder.File("fd/7"), folder.File("buffer"));
        File.WriteAllText(folder.File("fdinfo/7"), info);
        return folder;
    }
}
