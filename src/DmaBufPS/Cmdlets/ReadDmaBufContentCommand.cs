using System.Management.Automation;
using System.Security.Cryptography;
using System.Text;
using DmaBuf.Buffers;

namespace DmaBufPS;

/// <summary>Read-DmaBufContent: a buffer's content as bytes, words, text, hex view, hash, stream or file.</summary>
[Cmdlet(
    VerbsCommunications.Read,
    "DmaBufContent",
    DefaultParameterSetName = AsBytes,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(byte[]), ParameterSetName = [AsBytes])]
[OutputType(typeof(ushort[]), ParameterSetName = [nameof(AsWord16)])]
[OutputType(typeof(uint[]), ParameterSetName = [nameof(AsWord32)])]
[OutputType(typeof(ulong[]), ParameterSetName = [nameof(AsWord64)])]
[OutputType(typeof(string), ParameterSetName = [nameof(AsString), nameof(AsLines), nameof(AsHex)])]
[OutputType(typeof(BufferStream), ParameterSetName = [nameof(AsStream)])]
[OutputType(typeof(DmaBufHash), ParameterSetName = [nameof(AsHash)])]
public sealed class ReadDmaBufContentCommand : DmaBufCmdlet
{
    private const string AsBytes = "Bytes";
    private bool _written;

    /// <summary>The buffers to read, or their names.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Buffer")]
    [BufferArgument]
    [ArgumentCompleter(typeof(BufferCompleter))]
    public DmaBufferOrName[] InputObject { get; set; } = [];

    /// <summary>The first byte to read.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public long Offset { get; set; }

    /// <summary>How many bytes to read; by default everything up to the end.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public long? Count { get; set; }

    /// <summary>Returns words of 16 bits.</summary>
    [Parameter(ParameterSetName = nameof(AsWord16), Mandatory = true)]
    public SwitchParameter AsWord16 { get; set; }

    /// <summary>Returns words of 32 bits.</summary>
    [Parameter(ParameterSetName = nameof(AsWord32), Mandatory = true)]
    public SwitchParameter AsWord32 { get; set; }

    /// <summary>Returns words of 64 bits.</summary>
    [Parameter(ParameterSetName = nameof(AsWord64), Mandatory = true)]
    public SwitchParameter AsWord64 { get; set; }

    /// <summary>Reads words whose most significant byte is the first.</summary>
    [Parameter(ParameterSetName = nameof(AsWord16))]
    [Parameter(ParameterSetName = nameof(AsWord32))]
    [Parameter(ParameterSetName = nameof(AsWord64))]
    public SwitchParameter BigEndian { get; set; }

    /// <summary>Returns text, up to the first NUL.</summary>
    [Parameter(ParameterSetName = nameof(AsString), Mandatory = true)]
    public SwitchParameter AsString { get; set; }

    /// <summary>Returns the lines of the text, up to the first NUL.</summary>
    [Parameter(ParameterSetName = nameof(AsLines), Mandatory = true)]
    public SwitchParameter AsLines { get; set; }

    /// <summary>The encoding of the text.</summary>
    [Parameter(ParameterSetName = nameof(AsString))]
    [Parameter(ParameterSetName = nameof(AsLines))]
    [EncodingArgument]
    [ArgumentCompleter(typeof(EncodingCompleter))]
    [ValidateNotNull]
    public Encoding Encoding { get; set; } = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Returns the text after the first NUL too, with its NULs.</summary>
    [Parameter(ParameterSetName = nameof(AsString))]
    [Parameter(ParameterSetName = nameof(AsLines))]
    public SwitchParameter KeepNul { get; set; }

    /// <summary>Returns lines as hexdump -C prints them.</summary>
    [Parameter(ParameterSetName = nameof(AsHex), Mandatory = true)]
    public SwitchParameter AsHex { get; set; }

    /// <summary>Returns a hash.</summary>
    [Parameter(ParameterSetName = nameof(AsHash), Mandatory = true)]
    public SwitchParameter AsHash { get; set; }

    /// <summary>The hash algorithm.</summary>
    [Parameter(ParameterSetName = nameof(AsHash))]
    [ValidateSet("SHA256", "SHA1", "SHA384", "SHA512", "MD5")]
    public string Algorithm { get; set; } = "SHA256";

    /// <summary>Returns a stream that reads the buffer as it is read.</summary>
    [Parameter(ParameterSetName = nameof(AsStream), Mandatory = true)]
    public SwitchParameter AsStream { get; set; }

    /// <summary>Writes the raw bytes to a file, without a copy on the way.</summary>
    [Parameter(ParameterSetName = nameof(OutFile), Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string OutFile { get; set; } = "";

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var buffer in FindBuffers(InputObject))
            Try(buffer, () => Read(buffer));
    }

    private void WriteLines(IEnumerable<string> lines)
    {
        foreach (var line in lines)
            WriteObject(line);
    }

    private void WriteFile(ContentReader reader, DmaBuffer buffer)
    {
        if (_written)
        {
            var failure = new PSInvalidOperationException(
                $"{OutFile} already has the content of another buffer of this pipeline.");
            ThrowTerminatingError(new ErrorRecord(
                failure, "OutFile,SeveralBuffers", ErrorCategory.InvalidOperation, buffer)
            {
                ErrorDetails = new ErrorDetails(failure.Message)
                {
                    RecommendedAction = "Read each buffer into a file of its own, for example with ForEach-Object.",
                },
            });
        }

        var path = FilePath(OutFile);
        _written = true;
        if (ShouldProcess(path, "Write file"))
            reader.WriteFile(path);
    }

    private void Read(DmaBuffer buffer)
    {
        var reader = new ContentReader(buffer, Offset, Count, Progress($"Reading {buffer}"), Cancellation);
        switch (ParameterSetName)
        {
            case nameof(AsWord16):
                WriteObject(reader.ToWords16(BigEndian), enumerateCollection: false);
                break;
            case nameof(AsWord32):
                WriteObject(reader.ToWords32(BigEndian), enumerateCollection: false);
                break;
            case nameof(AsWord64):
                WriteObject(reader.ToWords64(BigEndian), enumerateCollection: false);
                break;
            case nameof(AsString):
                WriteObject(reader.ToText(Encoding, KeepNul));
                break;
            case nameof(AsLines):
                WriteLines(reader.Lines(Encoding, KeepNul));
                break;
            case nameof(AsHex):
                WriteLines(reader.HexLines());
                break;
            case nameof(AsHash):
                var algorithm = Algorithm.ToUpperInvariant();
                var hash = reader.Hash(new HashAlgorithmName(algorithm));
                WriteObject(new DmaBufHash(buffer, algorithm, Convert.ToHexString(hash), Offset, reader.Count));
                break;
            case nameof(AsStream):
                WriteObject(new BufferStream(buffer, BufferAccess.Read, Offset, Count));
                break;
            case nameof(OutFile):
                WriteFile(reader, buffer);
                break;
            default:
                WriteObject(reader.ToArray(), enumerateCollection: false);
                break;
        }
    }
}
