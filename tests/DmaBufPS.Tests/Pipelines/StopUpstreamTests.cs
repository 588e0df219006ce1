using Xunit;

namespace DmaBufPS.Tests.Pipelines;

/// <summary>Tests Select-Object -First, which ends the commands before it in the middle of their work.</summary>
public sealed class StopUpstreamTests : ModuleTest
{
    [Fact]
    public void New_UDmaBuf_makes_no_more_buffers_than_are_taken()
    {
        var before = Descriptors.Now();
        Shell.Run("New-UDmaBuf 4KB, 8KB, 12KB -Backing MemFd | Select-Object -First 1");
        Assert.Equal(4096L, Assert.Single(Shell.Run("Get-DmaBuf")).Properties["Size"].Value);
        Shell.Run("Get-DmaBuf | Remove-DmaBuf");
        before.AssertNoMore();
    }

    [Fact]
    public void Receive_DmaBuf_stops_listening_once_enough_buffers_have_arrived()
    {
        NewBuffer();
        using var sender = new Shell();
        sender["socket"] = SocketPath;
        sender["buffer"] = Shell.Run("$buffer")[0];
        var before = Descriptors.Now();
        using (var receiving = Shell.Start("Receive-DmaBuf unixd:$socket -Count 3 | Select-Object -First 1"))
        {
            AwaitListener();
            sender.Run("$buffer | Send-DmaBufFd unix:$socket");
            Assert.Single(receiving.FinishWithoutError());
        }

        Assert.True(Folder.IsEmpty);
        Shell.Run("Get-DmaBuf | Where-Object Origin -EQ Received | Remove-DmaBuf; Wait-DmaBufRelease $buffer");
        before.AssertNoMore();
    }

    [Fact]
    public void Send_DmaBufFd_stops_listening_once_enough_buffers_have_been_sent()
    {
        Shell.Run("$buffers = New-UDmaBuf 4KB, 4KB -Backing MemFd");
        var before = Descriptors.Now();
        const string Send = "$buffers | Send-DmaBufFd unixd:$socket -Wait -PassThru | Select-Object -First 1";
        using (var sending = Shell.Start(Send))
        {
            using (var peer = Peers.Connect(SocketPath))
                Peers.TakeByte(peer);
            Assert.Single(sending.FinishWithoutError());
        }

        Assert.True(Folder.IsEmpty);
        before.AssertNoMore();
    }

    [Theory]
    [InlineData("Read-DmaBufContent $buffer -AsHex")]
    [InlineData("$buffer, $buffer | Read-DmaBufContent")]
    [InlineData("$buffer, $buffer | Read-DmaBufContent -AsHash")]
    [InlineData("$buffer, $buffer | Read-DmaBufContent -AsStream")]
    [InlineData("$buffer, $buffer | Write-DmaBufContent 'x' -PassThru")]
    [InlineData("Get-DmaBufSupport")]
    public void A_command_that_is_ended_early_keeps_nothing_open(string command)
    {
        NewBuffer("64KB");
        Shell.Run("$buffer | Write-DmaBufContent -Fill ([byte[]](0..255))");
        var before = Descriptors.Now();
        Assert.Single(Shell.Run($"{command} | Select-Object -First 1"));
        before.AssertNoMore();
        Assert.Equal(1, OpenBuffers);
    }

    [Theory]
    [InlineData("New-UDmaBuf 4KB -Backing MemFd", "Get-DmaBuf | Where-Object Fd -NE $buffer.Fd | Remove-DmaBuf")]
    [InlineData("$buffer | Read-DmaBufContent -OutFile $file", "Remove-Item $file -ErrorAction Ignore")]
    [InlineData("$buffer | Write-DmaBufContent -Path /etc/hostname", "")]
    [InlineData("Receive-DmaBuf unixd:$socket -TimeoutSec 0.1", "")]
    [InlineData("$buffer | Send-DmaBufFd unixd:$socket -TimeoutSec 0.1", "")]
    public void A_command_that_is_ended_after_any_kernel_call_keeps_nothing_open(string command, string cleanUp)
    {
        NewBuffer();
        Shell["file"] = Folder.At("file");
        var calls = Calls(int.MaxValue);
        Assert.NotEqual(0, calls);
        var before = Descriptors.Now();
        for (var cut = 1; cut <= calls; cut++)
        {
            Calls(cut);
            before.AssertNoMore();
            Assert.True(Folder.IsEmpty, $"after call {cut}");
        }

        int Calls(int atMost) => Shell.Run($"""
            {command} -Verbose -ErrorAction SilentlyContinue 4>&1 | Select-Object -First {atMost}
            {cleanUp}
            """).Count;
    }
}
