using System.Management.Automation;
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
        var (columns, lines) = TerminalSize.Of(Host);
        foreach (var line in picture.ToLines(columns, lines))
            WriteObject(line);
    }
}
