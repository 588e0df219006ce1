using System.Management.Automation;
using DmaBuf.Buffers;

namespace DmaBufPS;

/// <summary>Remove-DmaBuf: closes buffers.</summary>
[Cmdlet(VerbsCommon.Remove, "DmaBuf", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
public sealed class RemoveDmaBufCommand : DmaBufCmdlet
{
    /// <summary>The buffers to close, or their names.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Buffer")]
    [BufferArgument]
    [ArgumentCompleter(typeof(BufferCompleter))]
    public DmaBufferOrName[] InputObject { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var buffer in FindBuffers(InputObject))
        {
            if (ShouldProcess(buffer.ToString(), "Remove"))
                Try(buffer, () => Remove(buffer));
        }
    }

    private static void Remove(DmaBuffer buffer)
    {
        if (!buffer.IsHeld)
            buffer.ThrowIfRemoved();
        Session.Table.Remove(buffer);
    }
}
