using Xunit;

namespace DmaBufPS.Tests.Runspaces;

/// <summary>Tests removing the module, or closing its runspace, while a pipeline waits.</summary>
public sealed class ModuleRemovalTests : ModuleTest
{
    private const string RemoveModule = "Remove-Module DmaBufPS";

    [Fact]
    public void A_command_continues_to_wait_when_another_runspace_removes_the_module()
    {
        using var other = new Shell();
        using var receiving = Shell.Start("Receive-DmaBuf unixd:$socket");
        receiving.AwaitPoll();
        other.Run("$null = New-UDmaBuf 4KB -Backing MemFd");
        other.Run(RemoveModule);
        other.Import();
        other["socket"] = SocketPath;
        other.Run("New-UDmaBuf 8KB -Backing MemFd | Send-DmaBufFd unix:$socket");
        Assert.Equal(8192L, Assert.Single(receiving.FinishWithoutError()).Properties["Size"].Value);
    }

    [Fact]
    public void A_wait_for_a_release_ends_when_the_buffers_runspace_removes_the_module()
    {
        NewBuffer();
        using var peer = SendToPeer();
        using var other = new Shell();
        other["buffer"] = Shell.Run("$buffer")[0];
        using var waiting = other.Start("Wait-DmaBufRelease $buffer");
        waiting.AwaitPoll();
        Shell.Run(RemoveModule);
        Assert.Equal("Buffer,LinkEnded", waiting.FinishWithError().Id());
        Peers.AssertClosed(peer);
        Shell.Import();
        Assert.Equal(0, OpenBuffers);
    }

    [Fact]
    public void Removing_the_module_closes_the_buffers_of_runspaces_that_have_ended_and_of_no_others()
    {
        using var running = new Shell();
        running.Run("$running = New-UDmaBuf 4KB -Backing MemFd -Name running");
        using (var ended = new Shell())
            ended.Run("$null = New-UDmaBuf 4KB -Backing MemFd -Name ended");
        NewBuffer(name: "own");
        Assert.Equal(3, OpenBuffers);
        Shell.Run(RemoveModule);
        Assert.Equal(["running"], running.Run("Get-DmaBuf").Select(buffer => $"{buffer.Properties["Name"].Value}"));
        running.Run(RemoveModule);
        Shell.Import();
        Assert.Equal(0, OpenBuffers);
    }

    [Fact]
    public void A_buffer_from_a_parallel_runspace_can_be_used_until_the_module_is_removed()
    {
        Shell.Run("""
            $made = 1 | ForEach-Object -Parallel { Import-Module $using:manifest; New-UDmaBuf 4KB -Backing MemFd }
            $made | Write-DmaBufContent 'used'
            """);
        Assert.Equal("used", $"{Shell.Run("$made | Read-DmaBufContent -AsString")[0]}");
        Shell.Run(RemoveModule);
        Shell.Import();
        Assert.Equal(0, OpenBuffers);
    }

    [Fact]
    public void A_pipeline_that_removes_the_module_between_two_objects_continues_without_it()
    {
        var before = Descriptors.Now();
        var open = Shell.Run($$"""
            New-UDmaBuf 4KB, 8KB -Backing MemFd | ForEach-Object {
                Remove-Module DmaBufPS -ErrorAction Ignore
                $_.IsOpen
            }
            """);
        Assert.Equal([false, true], open.Select(value => (bool)value.BaseObject));
        // The second buffer was created after the removal, so it stays and the next import finds it.
        Shell.Import();
        Shell.Run("Get-DmaBuf | Where-Object Size -EQ 8KB | Remove-DmaBuf");
        before.AssertNoMore();
    }

    [Fact]
    public void A_listener_that_waits_for_its_next_peer_outlives_the_removal_of_its_module_and_can_be_stopped()
    {
        using var sender = new Shell();
        sender["socket"] = SocketPath;
        sender.Run("$sent = New-UDmaBuf 4KB -Backing MemFd");
        var before = Descriptors.Now();
        const string Receive =
            $"Receive-DmaBuf unixd:$socket -Count 2 | ForEach-Object {{ {RemoveModule}; $_.IsOpen }}";
        using (var receiving = Shell.Start(Receive))
        {
            AwaitListener();
            sender.Run("$sent | Send-DmaBufFd unix:$socket -Wait");
            receiving.AwaitOutput(1);
            receiving.AwaitPoll();
            receiving.Stop();
        }

        before.AssertNoMore();
        Assert.True(Folder.IsEmpty);
        Shell.Import();
    }

    [Theory]
    [InlineData("Receive-DmaBuf unixd:$socket")]
    [InlineData("Receive-DmaBuf unix:$socket -Wait")]
    [InlineData("$refs | Send-DmaBufFd unixd:$socket -Wait")]
    public void A_command_ends_when_its_runspace_is_closed_while_it_waits(string command)
    {
        using var other = new Shell();
        other["socket"] = SocketPath;
        other["refs"] = Shell.Run("$refs")[0];
        var before = Descriptors.Now();
        using (var running = other.Start(command))
        {
            running.AwaitPoll();
            other.Close();
            running.AwaitStopped();
        }

        before.AssertNoMore();
        Assert.True(Folder.IsEmpty);
    }
}
