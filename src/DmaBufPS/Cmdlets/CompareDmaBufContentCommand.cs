using System.Management.Automation;
using System.Text;
using DmaBuf.Buffers;

namespace DmaBufPS;

/// <summary>Compare-DmaBufContent: whether buffers have the content of another buffer, of bytes or of a file.</summary>
[Cmdlet(VerbsData.Compare, "DmaBufContent", DefaultParameterSetName = ByBuffer)]
[OutputType(typeof(DmaBufComparison), typeof(bool))]
public sealed class CompareDmaBufContentCommand : DmaBufCmdlet
{
    private const string ByBuffer = "Buffer";
    private const string ByValue = "Value";
    private const string ByPath = "Path";

    /// <summary>The buffer to compare with, or its name.</summary>
    [Parameter(ParameterSetName = ByBuffer, Mandatory = true, Position = 0)]
    [BufferArgument]
    [ArgumentCompleter(typeof(BufferCompleter))]
    public DmaBufferOrName ReferenceObject { get; set; } = null!;

    /// <summary>The buffers to compare, or their names.</summary>
    [Parameter(
        ParameterSetName = ByBuffer,
        Mandatory = true,
        Position = 1,
        ValueFromPipeline = true,
        ValueFromPipelineByPropertyName = true)]
    [Parameter(
        ParameterSetName = ByValue,
        Mandatory = true,
        Position = 0,
        ValueFromPipeline = true,
        ValueFromPipelineByPropertyName = true)]
    [Parameter(
        ParameterSetName = ByPath,
        Mandatory = true,
        Position = 0,
        ValueFromPipeline = true,
        ValueFromPipelineByPropertyName = true)]
    [Alias("Buffer", "DifferenceObject")]
    [BufferArgument]
    [ArgumentCompleter(typeof(BufferCompleter))]
    public DmaBufferOrName[] InputObject { get; set; } = [];

    /// <summary>A string or bytes to compare with.</summary>
    [Parameter(ParameterSetName = ByValue, Mandatory = true)]
    [ContentArgument]
    [AllowEmptyString]
    [AllowEmptyCollection]
    public object Value { get; set; } = "";

    /// <summary>The encoding of a string.</summary>
    [Parameter(ParameterSetName = ByValue)]
    [EncodingArgument]
    [ArgumentCompleter(typeof(EncodingCompleter))]
    [ValidateNotNull]
    public Encoding Encoding { get; set; } = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

    /// <summary>A file to compare with.</summary>
    [Parameter(ParameterSetName = ByPath, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    [Alias("LiteralPath")]
    public string Path { get; set; } = "";

    /// <summary>The first byte to compare.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public long Offset { get; set; }

    /// <summary>The first byte to compare in the reference; by default the same as in the buffer.</summary>
    [Parameter(ParameterSetName = ByBuffer)]
    public long? ReferenceOffset { get; set; }

    /// <summary>How many bytes to compare; by default everything up to the end.</summary>
    [Parameter(ParameterSetName = ByBuffer, ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = ByPath, ValueFromPipelineByPropertyName = true)]
    [ValidateRange(0, long.MaxValue)]
    public long? Count { get; set; }

    /// <summary>Returns only whether the contents are equal.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        CheckNoBareNumber(Value);
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var reference = ParameterSetName == ByBuffer ? FindBuffers([ReferenceObject]).FirstOrDefault() : null;
        if (ParameterSetName == ByBuffer && reference is null)
            return;
        foreach (var buffer in FindBuffers(InputObject))
            Try(buffer, () => WriteResult(buffer, Compare(buffer, reference)));
    }

    private ContentComparison Compare(DmaBuffer buffer, DmaBuffer? reference)
    {
        var comparer = new ContentComparer(buffer, Offset, Progress($"Comparing {buffer}"), Cancellation);
        return ParameterSetName switch
        {
            ByValue => comparer.With(Value as byte[] ?? Encoding.GetBytes((string)Value)),
            ByPath => comparer.WithFile(FilePath(Path), Count),
            _ => comparer.With(reference!, ReferenceOffset ?? Offset, Count),
        };
    }

    private void WriteResult(DmaBuffer buffer, ContentComparison result)
    {
        if (Quiet)
        {
            WriteObject(result.IsEqual);
            return;
        }

        WriteObject(new DmaBufComparison(
            buffer, result.IsEqual, Offset + result.FirstDifference, result.Differences, Offset, result.Count));
    }
}
