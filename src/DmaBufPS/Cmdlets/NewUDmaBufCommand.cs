using System.Management.Automation;
using DmaBuf.Buffers;

namespace DmaBufPS;

/// <summary>What New-UDmaBuf makes.</summary>
public enum UDmaBufBacking
{
    /// <summary>A dma-buf of /dev/udmabuf.</summary>
    UDmaBuf,

    /// <summary>A plain sealed memfd, for machines without udmabuf; not a dma-buf.</summary>
    MemFd,
}

/// <summary>New-UDmaBuf: makes dma-bufs from memfds.</summary>
[Cmdlet(
    VerbsCommon.New,
    "UDmaBuf",
    DefaultParameterSetName = BySize,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(DmaBuffer))]
public sealed class NewUDmaBufCommand : DmaBufCmdlet
{
    private const string BySize = "Size";
    private const string ByRanges = "Ranges";
    private const string ByMemFd = "MemFd";
    private const string ByBuffer = "Buffer";
    private string? _nameArgument;

    /// <summary>Sizes in bytes, one buffer for each; multiples of the page size.</summary>
    [Parameter(
        ParameterSetName = BySize,
        Mandatory = true,
        Position = 0,
        ValueFromPipeline = true,
        ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = ByMemFd, Position = 0, ValueFromPipeline = true)]
    [Parameter(ParameterSetName = ByBuffer, Position = 0)]
    public long[] Size { get; set; } = [];

    /// <summary>The size in bytes of each memfd under the buffer.</summary>
    [Parameter(ParameterSetName = ByRanges, Mandatory = true)]
    public long RangeSize { get; set; }

    /// <summary>How many memfds are under the buffer.</summary>
    [Parameter(ParameterSetName = BySize)]
    [Parameter(ParameterSetName = ByRanges, Mandatory = true)]
    [ValidateRange(1, int.MaxValue)]
    public int RangeCount { get; set; } = 1;

    /// <summary>
    /// The memfd whose pages the buffer uses: a buffer that stands on one, its name, or a descriptor of this process.
    /// </summary>
    [Parameter(ParameterSetName = ByMemFd, Mandatory = true)]
    [MemFdArgument]
    [ArgumentCompleter(typeof(BufferCompleter))]
    [ValidateNotNull]
    public MemFdSource? MemFd { get; set; }

    /// <summary>A buffer that stands on a memfd, whose pages the new buffer uses.</summary>
    /// <remarks>It is in the set for sizes because a buffer has a property Size, which would bind there.</remarks>
    [Parameter(ParameterSetName = BySize, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Parameter(
        ParameterSetName = ByBuffer,
        Mandatory = true,
        ValueFromPipeline = true,
        ValueFromPipelineByPropertyName = true)]
    [Alias("Buffer")]
    [LiveBufferArgument]
    public DmaBuffer? InputObject { get; set; }

    /// <summary>Where in the memfd the buffer starts, in bytes.</summary>
    [Parameter(ParameterSetName = ByMemFd)]
    [Parameter(ParameterSetName = ByBuffer)]
    public long Offset { get; set; }

    /// <summary>The buffer's name, which every process can see: at most 31 bytes.</summary>
    [Parameter(ParameterSetName = BySize, ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = ByRanges, ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = ByMemFd)]
    [Parameter(ParameterSetName = ByBuffer)]
    [AllowEmptyString]
    public string? Name { get; set; }

    /// <summary>Uses huge pages of the default size.</summary>
    [Parameter(ParameterSetName = BySize)]
    [Parameter(ParameterSetName = ByRanges)]
    public SwitchParameter HugePage { get; set; }

    /// <summary>The seals of the memfds.</summary>
    [Parameter(ParameterSetName = BySize)]
    [Parameter(ParameterSetName = ByRanges)]
    public MemFdSeals Seal { get; set; } = MemFdSeals.Shrink;

    /// <summary>A dma-buf, or a plain memfd where there is no udmabuf.</summary>
    [Parameter(ParameterSetName = BySize)]
    [Parameter(ParameterSetName = ByRanges)]
    public UDmaBufBacking Backing { get; set; }

    private MemFdOptions Options => new() { Name = NameOrNull(Name), HugePages = HugePage, Seals = Seal };

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        // The name of a buffer from the pipeline, which binds as a property, stays that buffer's.
        _nameArgument = Name;
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (InputObject is not null)
        {
            CheckAddsNothing();
            ForEachSize(size => CreateFrom(InputObject, size));
        }
        else if (ParameterSetName == ByMemFd)
        {
            ForEachSize(CreateFromMemFd);
        }
        else if (ParameterSetName == ByRanges)
        {
            Create(
                $"{RangeCount} x {RangeSize} bytes",
                RangeSize,
                () => Backing == UDmaBufBacking.MemFd
                    ? MemFdAllocator.AllocateRanges(RangeSize, RangeCount, Options)
                    : UdmabufAllocator.Allocate(RangeSize, RangeCount, Options));
        }
        else
        {
            foreach (var size in Size)
            {
                Create($"{size} bytes", size, () => Backing == UDmaBufBacking.MemFd
                    ? MemFdAllocator.AllocateSplit(size, RangeCount, Options)
                    : UdmabufAllocator.AllocateSplit(size, RangeCount, Options));
            }
        }
    }

    /// <summary>Refuses parameters that describe new memory beside a buffer that gives its own.</summary>
    private void CheckAddsNothing()
    {
        string[] ofNewMemory = [nameof(RangeCount), nameof(HugePage), nameof(Seal), nameof(Backing)];
        var given = Array.FindAll(ofNewMemory, MyInvocation.BoundParameters.ContainsKey);
        if (given.Length > 0)
        {
            ThrowTerminatingError(ErrorRecords.From(
                new PSArgumentException($"{InputObject} gives its own memory, and -{given[0]} is for new memory."),
                "Buffer,OwnMemory",
                ErrorCategory.InvalidArgument,
                InputObject,
                $"Leave out -{given[0]}, or give -Size and no buffer."));
        }
    }

    private void ForEachSize(Action<long?> create)
    {
        if (Size.Length == 0)
            create(null);
        foreach (var size in Size)
            create(size);
    }

    private void CreateFromMemFd(long? size)
    {
        if (MemFd!.Number is not { } number)
        {
            foreach (var buffer in FindBuffers([MemFd.Buffer!]))
                CreateFrom(buffer, size);
            return;
        }

        Create(Part(size), number, () => UdmabufAllocator.FromMemFd(number, Offset, size, NameOrNull(Name)));
    }

    private void CreateFrom(DmaBuffer buffer, long? size) =>
        Create(Part(size), buffer, () => UdmabufAllocator.FromBuffer(buffer, Offset, size, NameOrNull(_nameArgument)));

    private string Part(long? size)
    {
        var memfd = InputObject?.ToString() ?? $"{MemFd}";
        return size is null ? memfd : $"{size} bytes of {memfd}";
    }

    private void Create(string what, object target, Func<DmaBuffer> make)
    {
        if (ShouldProcess(what, Backing == UDmaBufBacking.MemFd ? "Create memfd" : "Create udmabuf"))
            Try(target, () => WriteObject(Session.Add(make())));
    }
}
