using System.Management.Automation;
using DmaBuf.Buffers;

namespace DmaBufPS;

/// <summary>New-DmaHeapBuf: allocates dma-bufs from a heap.</summary>
[Cmdlet(VerbsCommon.New, "DmaHeapBuf", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(DmaBuffer))]
public sealed class NewDmaHeapBufCommand : DmaBufCmdlet
{
    /// <summary>Sizes in bytes, one buffer for each; multiples of the page size.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [NewSizeArgument]
    public long[] Size { get; set; } = [];

    /// <summary>The heap: a name in /dev/dma_heap.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(HeapCompleter))]
    public string Heap { get; set; } = "system";

    /// <summary>The buffer's name, which every process can see: at most 31 bytes.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [AllowEmptyString]
    public string? Name { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var size in Size)
        {
            if (ShouldProcess($"{size} bytes of heap {Heap}", "Allocate dma-buf"))
                Try(size, () => WriteObject(Session.Add(DmaHeapAllocator.Allocate(Heap, size, NameOrNull(Name)))));
        }
    }
}
