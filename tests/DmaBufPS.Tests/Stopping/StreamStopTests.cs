using System.Diagnostics;
using Xunit;

namespace DmaBufPS.Tests.Stopping;

public sealed class StreamStopTests : ModuleTest
{
    [Fact]
    public void Write_DmaBufContent_reads_no_more_from_a_stream_once_it_is_stopped()
    {
        NewBuffer("1MB");
        using var stream = new SlowStream();
        Shell["stream"] = stream;
        using var told = new ManualResetEventSlim();
        Shell["told"] = told;
        Shell.Run("Import-Module ([DmaBufPS.Tests.WatchStopCommand].Assembly)");
        var before = Descriptors.Now();
        using (var writing = Shell.Start("$buffer | Write-DmaBufContent -Stream $stream | Watch-Stop $told"))
        {
            stream.AwaitRead();
            writing.BeginStop();
            Assert.True(told.Wait(Eventually.Limit), "PowerShell did not tell the commands to stop.");
            stream.Answer();
            writing.AwaitStopped();
        }

        before.AssertNoMore();
        Assert.Equal(1, stream.Reads);
    }

    [Fact]
    public void Write_DmaBufContent_stops_while_a_stream_does_not_answer()
    {
        NewBuffer("1MB");
        using var stream = new SlowStream();
        Shell["stream"] = stream;
        using (var writing = Shell.Start("$buffer | Write-DmaBufContent -Stream $stream"))
        {
            stream.AwaitRead();
            writing.Stop();
        }

        stream.Answer();
    }

    [Fact]
    public void Write_DmaBufContent_reads_a_stream_that_a_script_defines()
    {
        NewBuffer();
        Shell.Run("""
            class Script : IO.Stream {
                [int] $Left = 3
                [bool] get_CanRead() { return $true }
                [bool] get_CanSeek() { return $false }
                [bool] get_CanWrite() { return $false }
                [long] get_Length() { throw 'none' }
                [long] get_Position() { throw 'none' }
                [void] set_Position([long] $value) { throw 'none' }
                [void] Flush() { }
                [long] Seek([long] $offset, [IO.SeekOrigin] $origin) { throw 'none' }
                [void] SetLength([long] $value) { throw 'none' }
                [void] Write([byte[]] $buffer, [int] $offset, [int] $count) { throw 'none' }
                [int] Read([byte[]] $buffer, [int] $offset, [int] $count) {
                    if (-not $this.Left) { return 0 }
                    $buffer[$offset] = $this.Left--
                    return 1
                }
            }
            $script = [Script]::new()
            """);
        using var writing = Shell.Start("$buffer | Write-DmaBufContent -Stream $script");
        writing.FinishWithoutError();
        Assert.Equal("3 2 1 0", $"{Shell.Run("\"$($buffer | Read-DmaBufContent -Count 4)\"")[0]}");
    }

    [Fact]
    public void Write_DmaBufContent_stops_between_two_steps_of_a_long_transfer()
    {
        const long MiB = 1 << 20;
        NewBuffer("256MB");
        var pipe = Folder.Pipe("pipe");
        Shell["pipe"] = pipe;
        // Slow enough that the last MiB comes long after the stop.
        using var writer = Process.Start(
            "sh", ["-c", $"exec >{pipe} 2>/dev/null; while head -c 1000000 /dev/urandom; do sleep 0.05; done"]);
        try
        {
            StopWhile("$buffer | Write-DmaBufContent -Path $pipe", () => Descriptors.Now().Contain(pipe));
        }
        finally
        {
            writer.Kill();
        }

        var last = Shell.Run($"$buffer | Read-DmaBufContent -Offset {255 * MiB} -AsHash | ForEach-Object Hash")[0];
        Shell.Run("$empty = New-UDmaBuf 1MB -Backing MemFd");
        Assert.Equal($"{Shell.Run("$empty | Read-DmaBufContent -AsHash | ForEach-Object Hash")[0]}", $"{last}");
    }

    [Fact]
    public void Read_DmaBufContent_stops_in_the_middle_of_its_output()
    {
        NewBuffer("64MB");
        // Each line differs from the one before it, because the view abbreviates equal lines.
        Shell.Run("$buffer | Write-DmaBufContent -Fill ([byte[]](0..255))");
        var before = Descriptors.Now();
        using (var reading = Shell.Start("$buffer | Read-DmaBufContent -AsHex"))
        {
            reading.AwaitOutput(1);
            reading.Stop();
        }

        before.AssertNoMore();
    }

    private void StopWhile(string script, Func<bool> condition)
    {
        var before = Descriptors.Now();
        using (var running = Shell.Start(script))
        {
            Eventually.True(condition, "the command is working");
            running.Stop();
        }

        before.AssertNoMore();
    }
}
