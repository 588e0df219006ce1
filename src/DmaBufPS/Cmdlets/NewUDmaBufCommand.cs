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
    private const string ByBacking = "Backing";

    /// <summary>Sizes in bytes, one buffer for each; multiples of the page size.</summary>
    [Parameter(
        ParameterSetName = BySize,
        Mandatory = true,
        Position = 0,
        ValueFromPipeline = true,
        ValueFromPipelineByPropertyName = true)]
    [Parameter(
        ParameterSetName = ByBacking,
        Mandatory = true,
        Position = 0,
        ValueFromPipeline = true,
        ValueFromPipelineByPropertyName = true)]
    [Parameter(
        ParameterSetName = ByMemFd,
        Mandatory = true,
        Position = 0,
        ValueFromPipeline = true,
        ValueFromPipelineByPropertyName = true)]
    public long[] Size { get; set; } = [];

    /// <summary>The size in bytes of each memfd under the buffer.</summary>
    [Parameter(ParameterSetName = ByRanges, Mandatory = true)]
    public long RangeSize { get; set; }

    /// <summary>How many memfds are under the buffer.</summary>
    [Parameter(ParameterSetName = BySize)]
    [Parameter(ParameterSetName = ByRanges, Mandatory = true)]
    [ValidateRange(1, int.MaxValue)]
    public int RangeCount { get; set; } = 1;

    /// <summary>The descriptor number of a memfd of this process, whose pages the buffer uses.</summary>
    [Parameter(ParameterSetName = ByMemFd, Mandatory = true)]
    public int MemFd { get; set; }

    /// <summary>Where in the memfd the buffer starts, in bytes.</summary>
    [Parameter(ParameterSetName = ByMemFd)]
    public long Offset { get; set; }

    /// <summary>The buffer's name, which every process can see: at most 31 bytes.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>Uses huge pages of the default size.</summary>
    [Parameter(ParameterSetName = BySize)]
    [Parameter(ParameterSetName = ByBacking)]
    [Parameter(ParameterSetName = ByRanges)]
    public SwitchParameter HugePage { get; set; }

    /// <summary>The seals of the memfds.</summary>
    [Parameter(ParameterSetName = BySize)]
    [Parameter(ParameterSetName = ByBacking)]
    [Parameter(ParameterSetName = ByRanges)]
    public MemFdSeals Seal { get; set; } = MemFdSeals.Shrink;

    /// <summary>A dma-buf, or a plain memfd where there is no udmabuf.</summary>
    [Parameter(ParameterSetName = ByBacking, Mandatory = true)]
    public UDmaBufBacking Backing { get; set; }

    private MemFdOptions Options => new() { Name = Name, HugePages = HugePage, Seals = Seal };

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == ByRanges)
        {
            Create(
                $"{RangeCount} x {RangeSize} bytes",
                RangeSize,
                () => UdmabufAllocator.Allocate(RangeSize, RangeCount, Options));
            return;
        }

        foreach (var size in Size)
        {
            Create($"{size} bytes", size, () => (ParameterSetName, Backing) switch
            {
                (ByMemFd, _) => UdmabufAllocator.FromMemFd(MemFd, Offset, size, Name),
                (_, UDmaBufBacking.MemFd) => MemFdAllocator.Allocate(size, Options),
                _ => UdmabufAllocator.AllocateSplit(size, RangeCount, Options),
            });
        }
    }

    private void Create(string what, object target, Func<DmaBuffer> make)
    {
        if (ShouldProcess(what, Backing == UDmaBufBacking.MemFd ? "Create memfd" : "Create udmabuf"))
            Try(target, () => WriteObject(Session.Add(make())));
    }
}
