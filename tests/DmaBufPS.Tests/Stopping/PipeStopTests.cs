using Xunit;

namespace DmaBufPS.Tests.Stopping;

/// <summary>Tests stopping commands that wait for the other side of a pipe.</summary>
public sealed class PipeStopTests : ModuleTest
{
    private readonly string _pipe;

    public PipeStopTests()
    {
        // More than a pipe holds.
        NewBuffer("1MB");
        _pipe = Folder.Pipe("pipe");
        Shell["pipe"] = _pipe;
    }

    [Fact]
    public void Write_DmaBufContent_stops_while_nobody_writes_to_its_pipe() =>
        StopWhileWaiting("$buffer | Write-DmaBufContent -Path $pipe");

    [Fact]
    public void Write_DmaBufContent_stops_while_the_pipes_writer_pauses()
    {
        using var writer = Pipes.Open(_pipe);
        writer.Write("begun"u8);
        StopWhileWaiting(
            "$buffer | Write-DmaBufContent -Path $pipe",
            _ => Eventually.True(() => Text() == "begun", "the command has read what there is"));
        Assert.Equal("begun", Text());
    }

    [Fact]
    public void Read_DmaBufContent_stops_while_nobody_reads_its_pipe() =>
        StopWhileWaiting("$buffer | Read-DmaBufContent -OutFile $pipe");

    [Fact]
    public void Read_DmaBufContent_stops_while_the_pipes_reader_pauses()
    {
        using var reader = Pipes.Open(_pipe);
        var first = new byte[1];
        StopWhileWaiting("$buffer | Read-DmaBufContent -OutFile $pipe", _ => reader.ReadExactly(first));
    }

    private static string Text()
    {
        using var other = new Shell();
        return $"{other.Run("Get-DmaBuf tested | Read-DmaBufContent -AsString")[0]}";
    }
}
