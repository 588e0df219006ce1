using System.Management.Automation;
using System.Text;
using DmaBuf.Buffers;

namespace DmaBufPS;

/// <summary>Write-DmaBufContent: writes bytes, text, a file, a stream or a pattern into a buffer.</summary>
[Cmdlet(
    VerbsCommunications.Write,
    "DmaBufContent",
    DefaultParameterSetName = ByValue,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(DmaBuffer))]
public sealed class WriteDmaBufContentCommand : DmaBufCmdlet
{
    private const string ByValue = "Value";
    private const string ByPath = "Path";
    private const string ByStream = "Stream";
    private const string ByFill = "Fill";
    private long? _streamStart;
    private bool _streamTaken;

    /// <summary>The buffers to write into; each gets the same content.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Buffer")]
    [LiveBufferArgument]
    public DmaBuffer[] InputObject { get; set; } = [];

    /// <summary>A string, or bytes.</summary>
    [Parameter(ParameterSetName = ByValue, Mandatory = true, Position = 0)]
    [ContentArgument]
    [AllowEmptyString]
    [AllowEmptyCollection]
    public object Value { get; set; } = "";

    /// <summary>The encoding of strings and of text patterns.</summary>
    [Parameter(ParameterSetName = ByValue)]
    [Parameter(ParameterSetName = ByFill)]
    [EncodingArgument]
    [ArgumentCompleter(typeof(EncodingCompleter))]
    [ValidateNotNull]
    public Encoding Encoding { get; set; } = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

    /// <summary>A file to read into the buffer.</summary>
    [Parameter(ParameterSetName = ByPath, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [Alias("PSPath", "LiteralPath")]
    public string Path { get; set; } = "";

    /// <summary>
    /// A stream to read into the buffer from its current position; for each further buffer it goes back there.
    /// </summary>
    [Parameter(ParameterSetName = ByStream, Mandatory = true)]
    [ValidateNotNull]
    public Stream Stream { get; set; } = Stream.Null;

    /// <summary>A byte, bytes or a string to repeat.</summary>
    [Parameter(ParameterSetName = ByFill, Mandatory = true)]
    [ContentArgument]
    public object Fill { get; set; } = "";

    /// <summary>Where in the buffer the content goes, in bytes.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public long Offset { get; set; }

    /// <summary>How many bytes to fill, or to read from the file or stream.</summary>
    [Parameter(ParameterSetName = ByPath)]
    [Parameter(ParameterSetName = ByStream)]
    [Parameter(ParameterSetName = ByFill)]
    [ValidateRange(0, long.MaxValue)]
    public long? Count { get; set; }

    /// <summary>Returns the buffer.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var buffer in InputObject)
        {
            if (!ShouldProcess(buffer.ToString(), "Write content"))
                continue;
            if (ParameterSetName == ByStream)
                Rewind(buffer);
            var written = Try(
                buffer, () => Write(new ContentWriter(buffer, Offset, Progress($"Writing {buffer}"), Cancellation)));
            if (written && PassThru)
                WriteObject(buffer);
        }
    }

    private void Rewind(DmaBuffer buffer)
    {
        if (!_streamTaken)
        {
            _streamStart = Stream.CanSeek ? Stream.Position : null;
            _streamTaken = true;
        }
        else if (_streamStart is { } start)
        {
            // If the stream was closed in the meantime, reading it reports that.
            if (Stream.CanSeek)
                Stream.Position = start;
        }
        else
        {
            var failure = new PSInvalidOperationException(
                "The stream was already read for another buffer of this pipeline, and it cannot go back.");
            ThrowTerminatingError(new ErrorRecord(
                failure, "Stream,SeveralBuffers", ErrorCategory.InvalidOperation, buffer)
            {
                ErrorDetails = new ErrorDetails(failure.Message)
                {
                    RecommendedAction = "Write only one buffer from it, or read it into a MemoryStream first.",
                },
            });
        }
    }

    private void Write(ContentWriter writer)
    {
        switch (ParameterSetName)
        {
            case ByPath:
                writer.WriteFile(FilePath(Path), Count);
                break;
            case ByStream:
                writer.WriteStream(Stream, Count);
                break;
            case ByFill:
                writer.Fill(Bytes(Fill), Count);
                break;
            default:
                writer.Write(Bytes(Value));
                break;
        }
    }

    private byte[] Bytes(object content) => content as byte[] ?? Encoding.GetBytes((string)content);
}
