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
    private const string FromPipeline = "BufferFromPipeline";
    private const string ByPath = "Path";
    private const string ByStream = "Stream";
    private const string ByFill = "Fill";
    private ContentParts? _content;
    private long? _streamStart;
    private bool _streamTaken;

    /// <summary>The buffers to write into, or their names; each gets the same content.</summary>
    [Parameter(ParameterSetName = ByValue, Mandatory = true, Position = 0)]
    [Parameter(
        ParameterSetName = FromPipeline,
        Mandatory = true,
        ValueFromPipeline = true,
        ValueFromPipelineByPropertyName = true)]
    [Parameter(
        ParameterSetName = ByPath,
        Mandatory = true,
        Position = 0,
        ValueFromPipeline = true,
        ValueFromPipelineByPropertyName = true)]
    [Parameter(
        ParameterSetName = ByStream,
        Mandatory = true,
        Position = 0,
        ValueFromPipeline = true,
        ValueFromPipelineByPropertyName = true)]
    [Parameter(
        ParameterSetName = ByFill,
        Mandatory = true,
        Position = 0,
        ValueFromPipeline = true,
        ValueFromPipelineByPropertyName = true)]
    [Parameter(
        ParameterSetName = nameof(Word16),
        Mandatory = true,
        Position = 0,
        ValueFromPipeline = true,
        ValueFromPipelineByPropertyName = true)]
    [Parameter(
        ParameterSetName = nameof(Word32),
        Mandatory = true,
        Position = 0,
        ValueFromPipeline = true,
        ValueFromPipelineByPropertyName = true)]
    [Parameter(
        ParameterSetName = nameof(Word64),
        Mandatory = true,
        Position = 0,
        ValueFromPipeline = true,
        ValueFromPipelineByPropertyName = true)]
    [Alias("Buffer")]
    [AllowEmptyCollection]
    [BufferArgument]
    [ArgumentCompleter(typeof(BufferCompleter))]
    public DmaBufferOrName[] InputObject
    {
        get;
        set
        {
            // The content of "$buffer | Write-DmaBufContent CONTENT" comes here first if it is text or empty.
            if (value.Length == 0)
                CheckNotPiped("An empty list names no buffer.");
            else if (Array.Find(value, IsUnknown)?.Name is { } name)
                CheckNotPiped($"No open buffer is named '{name}'.");
            field = value;
        }
    } = [];

    /// <summary>Text, lines of text, bytes or a file. From the pipeline, each goes after the one before it.</summary>
    [Parameter(ParameterSetName = ByValue, Mandatory = true, Position = 1, ValueFromPipeline = true)]
    [Parameter(ParameterSetName = FromPipeline, Mandatory = true, Position = 0)]
    [ContentArgument(OrFile = true)]
    [AllowEmptyString]
    [AllowEmptyCollection]
    public object Value { get; set; } = "";

    /// <summary>The encoding of strings and of text patterns.</summary>
    [Parameter(ParameterSetName = ByValue)]
    [Parameter(ParameterSetName = FromPipeline)]
    [Parameter(ParameterSetName = ByFill)]
    [EncodingArgument]
    [ArgumentCompleter(typeof(EncodingCompleter))]
    [ValidateNotNull]
    public Encoding Encoding { get; set; } = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

    /// <summary>A file to read into the buffer.</summary>
    [Parameter(ParameterSetName = ByPath, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    [Alias("LiteralPath")]
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

    /// <summary>Whole numbers of 16 bits.</summary>
    [Parameter(ParameterSetName = nameof(Word16), Mandatory = true)]
    [WordArgument<ushort>]
    public ushort[] Word16 { get; set; } = [];

    /// <summary>Whole numbers of 32 bits.</summary>
    [Parameter(ParameterSetName = nameof(Word32), Mandatory = true)]
    [WordArgument<uint>]
    public uint[] Word32 { get; set; } = [];

    /// <summary>Whole numbers of 64 bits.</summary>
    [Parameter(ParameterSetName = nameof(Word64), Mandatory = true)]
    [WordArgument<ulong>]
    public ulong[] Word64 { get; set; } = [];

    /// <summary>Writes the most significant byte of each word first.</summary>
    [Parameter(ParameterSetName = nameof(Word16))]
    [Parameter(ParameterSetName = nameof(Word32))]
    [Parameter(ParameterSetName = nameof(Word64))]
    public SwitchParameter BigEndian { get; set; }

    /// <summary>Where in the buffer the content goes, in bytes.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public long Offset { get; set; }

    /// <summary>How many bytes to fill, or how many bytes of the content to write at most.</summary>
    [Parameter(ParameterSetName = ByValue)]
    [Parameter(ParameterSetName = FromPipeline)]
    [Parameter(ParameterSetName = ByPath)]
    [Parameter(ParameterSetName = ByStream)]
    [Parameter(ParameterSetName = ByFill)]
    [ValidateRange(0, long.MaxValue)]
    public long? Count { get; set; }

    /// <summary>Writes even while the peer of a channel uses the buffer.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Returns the buffer.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        CheckNoBareNumber(Value);
        CheckNoBareNumber(Fill);
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (InputObject.Length == 0)
            ThrowTerminatingError(WriteRefusals.NoBuffers());
        if (ParameterSetName == ByValue)
            TakeContent();
        else if (ParameterSetName == FromPipeline)
            WriteValue();
        else
            WriteTo(FindBuffers(InputObject), null);
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_content is not null)
            WriteTo(FindBuffers(InputObject), _content);
    }

    private static bool IsUnknown(DmaBufferOrName item) => item.Name is { } name && BufferNames.Find(name).Count == 0;

    /// <summary>
    /// Keeps the content until all of it has come from the pipeline. If it turns out to be a buffer, the text at the
    /// buffer's position is the content. In "$buffer | Write-DmaBufContent TEXT" it can also be the name of another
    /// buffer.
    /// </summary>
    private void TakeContent()
    {
        if (Value is not DmaBuffer buffer)
        {
            (_content ??= new ContentParts(Encoding)).Add(Value);
            return;
        }

        var isPiped = MyInvocation.ExpectingInput;
        if (!Array.TrueForAll(InputObject, item => isPiped ? item.Name is not null : IsUnknown(item)))
        {
            WriteError(WriteRefusals.NotContent(buffer));
            return;
        }

        var text = new ContentParts(Encoding);
        foreach (var item in InputObject)
        {
            CheckNoBareNumber(item.Name);
            text.Add(item.Name!);
        }

        WriteTo([buffer], text);
    }

    private void WriteValue()
    {
        if (Value is DmaBuffer other)
        {
            WriteError(WriteRefusals.NotContent(other));
            return;
        }

        // Text from the pipeline was meant for a buffer whose name is wrong.
        if (Value is string name && Array.Exists(InputObject, IsUnknown))
            ThrowTerminatingError(BufferNames.Refusal(name, []));
        var content = new ContentParts(Encoding);
        content.Add(Value);
        WriteTo(FindBuffers(InputObject), content);
    }

    private void WriteTo(IEnumerable<DmaBuffer> buffers, ContentParts? content)
    {
        foreach (var buffer in buffers)
        {
            if (!ShouldProcess(buffer.ToString(), "Write content"))
                continue;
            if (ParameterSetName == ByStream)
                Rewind(buffer);
            if (Try(buffer, () => Write(buffer, content)) && PassThru)
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
        else if (_streamStart is not { } start)
        {
            ThrowTerminatingError(WriteRefusals.StreamTaken(buffer));
        }
        else if (Stream.CanSeek)
        {
            // If the stream was closed in the meantime, reading it reports that.
            Stream.Position = start;
        }
    }

    private void Write(DmaBuffer buffer, ContentParts? content)
    {
        if (!Force)
            Session.Channels.CheckNotInUse(buffer);
        var progress = Progress($"Writing {buffer}");
        switch (ParameterSetName)
        {
            case ByPath:
                WriterAt(0).WriteFile(FilePath(Path), Count);
                break;
            case ByStream:
                WriterAt(0).WriteStream(Stream, Count);
                break;
            case ByFill:
                WriterAt(0).Fill(Fill as byte[] ?? Encoding.GetBytes((string)Fill), Count);
                break;
            case nameof(Word16):
                WriterAt(0).Write(Words.ToBytes(Word16, BigEndian));
                break;
            case nameof(Word32):
                WriterAt(0).Write(Words.ToBytes(Word32, BigEndian));
                break;
            case nameof(Word64):
                WriterAt(0).Write(Words.ToBytes(Word64, BigEndian));
                break;
            default:
                content!.Write(WriterAt, Count);
                break;
        }

        ContentWriter WriterAt(long start) => new(buffer, Offset + start, progress, Cancellation);
    }
}
