using System.Management.Automation;
using DmaBuf.Buffers;

namespace DmaBufPS;

/// <summary>Save-DmaBufImage: the picture in a buffer as a PNG file.</summary>
[Cmdlet(
    VerbsData.Save,
    "DmaBufImage",
    DefaultParameterSetName = FromArgument,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(FileInfo))]
public sealed class SaveDmaBufImageCommand : PictureCmdlet
{
    private const string FromArgument = "Buffer";
    private const string FromPipeline = "BufferFromPipeline";
    private bool _written;

    /// <summary>The buffer with the picture, or its name.</summary>
    [Parameter(ParameterSetName = FromArgument, Mandatory = true, Position = 0)]
    [Parameter(
        ParameterSetName = FromPipeline,
        Mandatory = true,
        ValueFromPipeline = true,
        ValueFromPipelineByPropertyName = true)]
    [Alias("Buffer")]
    [BufferArgument]
    [ArgumentCompleter(typeof(BufferCompleter))]
    public DmaBufferOrName[] InputObject
    {
        get;
        set
        {
            // The path of "$buffer | Save-DmaBufImage PATH" comes here first.
            if (Array.Exists(value, item => item.Name is not null))
                CheckNotPiped(BothGiven);
            field = value;
        }
    } = [];

    /// <summary>The file to write.</summary>
    [Parameter(ParameterSetName = FromArgument, Mandatory = true, Position = 1)]
    [Parameter(ParameterSetName = FromPipeline, Mandatory = true, Position = 0)]
    [Alias("LiteralPath")]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>Overwrites a file that exists.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var buffer in FindBuffers(InputObject))
            Save(buffer);
    }

    private void Save(DmaBuffer buffer)
    {
        var path = FilePath(Path);
        if (_written)
            ThrowTerminatingError(SeveralBuffers(buffer));
        if (!Force && File.Exists(path))
            ThrowTerminatingError(Exists(path));
        if (ReadPicture(buffer) is not { } picture)
            return;
        _written = true;
        if (!ShouldProcess(path, $"Write a picture of {picture.Width}x{picture.Height}"))
            return;
        Try(buffer, () =>
        {
            picture.SavePng(path, Cancellation);
            WriteObject(new FileInfo(path));
        });
    }

    private ErrorRecord SeveralBuffers(DmaBuffer buffer) => ErrorRecords.From(
        new PSInvalidOperationException($"{Path} already has the picture of another buffer of this pipeline."),
        "Path,SeveralBuffers",
        ErrorCategory.InvalidOperation,
        buffer,
        "Save each buffer to a file of its own, for example with ForEach-Object.");

    private static ErrorRecord Exists(string path) => ErrorRecords.From(
        new IOException($"{path} exists."),
        "Path,Exists",
        ErrorCategory.ResourceExists,
        path,
        "Use another path, or -Force to overwrite it.");
}
