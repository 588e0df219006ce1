using Xunit;

namespace DmaBufPS.Tests.Devices;

/// <summary>Repeats tests with real dma-bufs, which take kernel calls that memfds do not need.</summary>
[Trait(Requires.Trait, Requires.Device)]
public sealed class UdmabufTests : ModuleTest
{
    public UdmabufTests()
    {
        Requires.Udmabuf(Shell);
        Shell.Run("$buffer = New-UDmaBuf 64KB -Name real | Write-DmaBufContent -Fill 7 -PassThru");
    }

    [Fact]
    public void A_dma_buf_prints_its_name_and_exporter_as_the_kernel_reports_them()
    {
        var (fd, inode) = (Shell.Run("$buffer.Fd")[0], Shell.Run("$buffer.Inode")[0]);
        Assert.Equal(
            $"real 64 KiB {65536 / Environment.SystemPageSize} Udmabuf udmabuf {fd} {inode}",
            string.Join(' ', Shell.Print("$buffer")[2].Split(' ', StringSplitOptions.RemoveEmptyEntries)));
    }

    [Fact]
    public void A_holder_is_printed_with_this_process()
    {
        var row = Shell.Print("Get-DmaBuf -System -Name real -WarningAction Ignore")[2];
        Assert.Contains($"{Environment.ProcessId} ", row, StringComparison.Ordinal);
        Assert.EndsWith("True", row, StringComparison.Ordinal);
    }

    [Fact]
    public void Get_DmaBuf_can_be_ended_after_the_first_holder()
    {
        var before = Descriptors.Now();
        Assert.Single(Shell.Run("Get-DmaBuf -System -WarningAction Ignore | Select-Object -First 1"));
        before.AssertNoMore();
    }

    [Fact]
    public void New_UDmaBuf_that_is_ended_after_any_kernel_call_keeps_nothing_open()
    {
        var calls = Calls(int.MaxValue);
        var before = Descriptors.Now();
        for (var cut = 1; cut <= calls; cut++)
        {
            Calls(cut);
            before.AssertNoMore();
        }

        int Calls(int atMost) => Shell.Run($"""
            New-UDmaBuf 4KB -Verbose 4>&1 | Select-Object -First {atMost}
            Get-DmaBuf | Where-Object Name -NE real | Remove-DmaBuf
            """).Count;
    }

    [Fact]
    public void A_dma_buf_that_another_runspace_removes_fails_with_a_clear_error()
    {
        using var other = new Shell();
        other["buffer"] = Shell.Run("$buffer")[0];
        using var user = other.Start(
            "do { Read-DmaBufContent $buffer -ErrorVariable failed | Out-Null; 'turn' } until ($failed)");
        user.AwaitOutput(2);
        Shell.Run("Remove-DmaBuf $buffer");
        Assert.Equal("Buffer,Removed", user.FinishWithError().Id());
    }

    [Fact]
    public void Send_DmaBufFd_of_a_dma_buf_stops_while_it_waits_for_the_release()
    {
        using var running = Shell.Start("$buffer | Send-DmaBufFd unixd:$socket -Wait");
        using var peer = Peers.Connect(SocketPath);
        Peers.TakeByte(peer);
        running.AwaitPoll();
        running.Stop();
        Shell.Run("Remove-DmaBuf $buffer");
        Peers.AssertClosed(peer);
    }

    [Fact]
    public void A_dma_bufs_name_completes_after_it_was_changed()
    {
        Shell.Run("$buffer.Name = 'changed since'");
        Assert.Equal("'changed since'", Assert.Single(Shell.Complete("Get-DmaBuf c")).CompletionText);
    }
}
