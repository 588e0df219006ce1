using System.Management.Automation;
using System.Management.Automation.Host;
using DmaBuf.Buffers;
using DmaBuf.Frames;
using DmaBuf.Tracing;

namespace DmaBufPS;

/// <summary>Show-DmaBufImage: the picture in a buffer in a window, or as text.</summary>
[Cmdlet(VerbsCommon.Show, "DmaBufImage", DefaultParameterSetName = InWindow)]
[OutputType(typeof(string), ParameterSetName = [nameof(Terminal)])]
public sealed class ShowDmaBufImageCommand : PictureCmdlet
{
    private const string InWindow = "Window";
    private const int UsualColumns = 80;
    private const int UsualLines = 24;

    /// <summary>The buffers with the pictures, or their names. One is shown after another.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Buffer")]
    [BufferArgument]
    [ArgumentCompleter(typeof(BufferCompleter))]
    public DmaBufferOrName[] InputObject { get; set; } = [];

    /// <summary>Writes the picture as text for a terminal with colours of 24 bits.</summary>
    [Parameter(ParameterSetName = nameof(Terminal), Mandatory = true)]
    public SwitchParameter Terminal { get; set; }

    /// <summary>The time after which the window is closed: seconds or a TimeSpan; 0 for none.</summary>
    [Parameter(ParameterSetName = InWindow)]
    [SecondsArgument]
    [ValidateRange(0.0, 1e9)]
    public double TimeoutSec { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var buffer in FindBuffers(InputObject))
        {
            if (ReadPicture(buffer) is not { } picture)
                continue;
            if (Terminal)
                WriteLines(picture);
            else
                Try(buffer, () => ShowWindow(buffer, picture));
        }
    }

    private void ShowWindow(DmaBuffer buffer, Picture picture)
    {
        using var limit = NewLimit(TimeoutSec);
        using var window = new PictureWindow(VisibleText.Of($"{buffer}"), picture.Width, picture.Height);
        window.Show(picture);
        window.WaitClosed(limit);
    }

    private void WriteLines(Picture picture)
    {
        var (columns, lines) = TerminalSize();
        foreach (var line in picture.ToLines(columns, lines))
            WriteObject(line);
    }

    /// <summary>The terminal's size, without the line for the prompt.</summary>
    private (int Columns, int Lines) TerminalSize()
    {
        try
        {
            var size = Host.UI?.RawUI?.WindowSize;
            if (size is { Width: > 0, Height: > 1 })
                return (size.Value.Width, size.Value.Height - 1);
        }
        catch (Exception e) when (e is HostException or NotImplementedException or NotSupportedException
            or IOException or InvalidOperationException)
        {
            // A host without a terminal.
        }

        return (UsualColumns, UsualLines);
    }
}
