using Xunit;

namespace DmaBufPS.Tests.Runspaces;

/// <summary>Tests two runspaces that use one buffer at once.</summary>
public sealed class SharedBufferTests : ModuleTest
{
    private readonly Shell _other = new();

    public SharedBufferTests()
    {
        NewBuffer("1MB");
        _other["buffer"] = Shell.Run("$buffer")[0];
    }

    [Theory]
    [InlineData("Read-DmaBufContent $buffer")]
    [InlineData("Read-DmaBufContent $buffer -AsHash")]
    [InlineData("Read-DmaBufContent $buffer -AsHex")]
    [InlineData("$buffer | Write-DmaBufContent -Fill 7 -PassThru")]
    public void A_buffer_that_another_runspace_removes_fails_with_a_clear_error(string command)
    {
        using var user = _other.Start($"do {{ {command} -ErrorVariable failed | Out-Null; 'turn' }} until ($failed)");
        user.AwaitOutput(2);
        Shell.Run("Remove-DmaBuf $buffer");
        var error = user.FinishWithError();
        Assert.Equal("Buffer,Removed", error.Id());
        Assert.Contains("was removed", error.Message(), StringComparison.Ordinal);
        Assert.NotEmpty(error.ErrorDetails.RecommendedAction);
    }

    [Fact]
    public void Two_runspaces_can_remove_the_same_buffers_at_once()
    {
        const string Remove = """
            $gate.Wait()
            $buffers | Remove-DmaBuf -ErrorAction SilentlyContinue -ErrorVariable failed
            $failed | ForEach-Object FullyQualifiedErrorId
            """;
        using var gate = new ManualResetEventSlim();
        var before = Descriptors.Now();
        var buffers = Shell.Run("New-UDmaBuf (,4KB * 200) -Backing MemFd | Write-DmaBufContent 'x' -PassThru");
        Shell["buffers"] = buffers;
        _other["buffers"] = buffers;
        Shell["gate"] = gate;
        _other["gate"] = gate;
        using var one = Shell.Start(Remove);
        using var two = _other.Start(Remove);
        gate.Set();
        var errors = one.Finish().Concat(two.Finish()).Select(id => $"{id}").ToList();
        Assert.All(errors, id => Assert.StartsWith("Buffer,Removed,", id, StringComparison.Ordinal));
        Assert.True(errors.Count <= buffers.Count, "each buffer was removed by one of the two");
        before.AssertNoMore();
    }

    [Fact]
    public void A_wait_for_the_release_ends_when_another_runspace_removes_the_buffer()
    {
        using var peer = SendToPeer();
        using var waiting = Shell.Start("Wait-DmaBufRelease $buffer");
        waiting.AwaitPoll();
        _other.Run("Remove-DmaBuf $buffer");
        Assert.Equal("Buffer,LinkEnded", waiting.FinishWithError().Id());
    }

    [Fact]
    public void A_write_that_waits_for_its_pipe_fails_when_another_runspace_removes_the_buffer()
    {
        Shell["pipe"] = Folder.Pipe("pipe");
        using var writer = Pipes.Open(Folder.At("pipe"));
        using var writing = Shell.Start("$buffer | Write-DmaBufContent -Path $pipe");
        writing.AwaitPoll();
        _other.Run("Remove-DmaBuf $buffer");
        writer.Write("late"u8);
        Assert.Equal("Buffer,Removed", writing.FinishWithError().Id());
    }

    [Fact]
    public void A_read_that_waits_for_its_pipe_fails_when_another_runspace_removes_the_buffer()
    {
        Shell["pipe"] = Folder.Pipe("pipe");
        using var reader = Pipes.Open(Folder.At("pipe"));
        using var reading = Shell.Start("$buffer | Read-DmaBufContent -OutFile $pipe");
        reading.AwaitPoll();
        _other.Run("Remove-DmaBuf $buffer");
        // This empties the pipe, which holds this much.
        reader.ReadExactly(new byte[65536]);
        Assert.Equal("Buffer,Removed", reading.FinishWithError().Id());
    }

    [Fact]
    public void A_peer_receives_nothing_from_a_buffer_that_was_removed_while_on_offer()
    {
        using var sending = Shell.Start("$buffer | Send-DmaBufFd unixd:$socket");
        sending.AwaitPoll();
        _other.Run("Remove-DmaBuf $buffer");
        using var peer = Peers.Connect(SocketPath);
        Assert.Equal(0, peer.Receive(new byte[1]));
        Assert.Equal("Buffer,Removed", sending.FinishWithError().Id());
        Assert.True(Folder.IsEmpty);
    }

    [Fact]
    public void Runspaces_that_create_use_and_remove_buffers_at_once_do_not_disturb_each_other()
    {
        const string Work = """
            foreach ($turn in 1..40) {
                $own = New-UDmaBuf 8KB -Backing MemFd -Name $name | Write-DmaBufContent "$name $turn" -PassThru
                Get-DmaBuf $name | Read-DmaBufContent -AsString
                $null = Get-DmaBuf
                Remove-DmaBuf $own
            }
            """;
        using var third = new Shell();
        Shell[] shells = [Shell, _other, third];
        var before = Descriptors.Now();
        var running = new List<RunningScript>();
        foreach (var (shell, index) in shells.Select((shell, index) => (shell, index)))
        {
            shell["name"] = $"runspace{index}";
            running.Add(shell.Start(Work));
        }

        foreach (var (script, index) in running.Select((script, index) => (script, index)))
        {
            var expected = Enumerable.Range(1, 40).Select(turn => $"runspace{index} {turn}");
            Assert.Equal(expected, script.FinishWithoutError().Select(text => $"{text}"));
            script.Dispose();
        }

        before.AssertNoMore();
    }

    protected override void Dispose(bool disposing)
    {
        _other.Dispose();
        base.Dispose(disposing);
    }
}
