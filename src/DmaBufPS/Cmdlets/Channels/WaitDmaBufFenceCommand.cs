using System.Management.Automation;
using DmaBuf.Buffers;

namespace DmaBufPS;

/// <summary>Wait-DmaBufFence: waits until devices are done with buffers.</summary>
[Cmdlet(VerbsLifecycle.Wait, "DmaBufFence")]
[OutputType(typeof(DmaBuffer))]
public sealed class WaitDmaBufFenceCommand : DmaBufCmdlet
{
    /// <summary>The dma-bufs, or their names.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Buffer")]
    [BufferArgument]
    [ArgumentCompleter(typeof(BufferCompleter))]
    public DmaBufferOrName[] InputObject { get; set; } = [];

    /// <summary>Waits only until the content can be read: until no device writes it.</summary>
    [Parameter]
    public SwitchParameter Read { get; set; }

    /// <summary>Waits until the content can be changed, which is the default: no device reads or writes it.</summary>
    [Parameter]
    public SwitchParameter Write { get; set; }

    /// <summary>The time limit for each buffer: seconds or a TimeSpan; 0 for none.</summary>
    [Parameter]
    [SecondsArgument]
    [ValidateRange(0.0, 1e9)]
    public double TimeoutSec { get; set; }

    /// <summary>Returns the buffers whose fences are done.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var buffer in FindBuffers(InputObject))
        {
            if (Try(buffer, () => WaitFor(buffer)) && PassThru)
                WriteObject(buffer);
        }
    }

    private void WaitFor(DmaBuffer buffer)
    {
        using var limit = NewLimit(TimeoutSec);
        buffer.WaitFences(Read && !Write ? BufferAccess.Read : BufferAccess.ReadWrite, limit);
    }
}
