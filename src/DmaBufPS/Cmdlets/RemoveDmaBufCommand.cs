using System.Management.Automation;
using DmaBuf.Buffers;

namespace DmaBufPS;

/// <summary>Remove-DmaBuf: closes buffers.</summary>
[Cmdlet(VerbsCommon.Remove, "DmaBuf", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
public sealed class RemoveDmaBufCommand : DmaBufCmdlet
{
    /// <summary>The buffers to close.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Buffer")]
    [LiveBufferArgument]
    public DmaBuffer[] InputObject { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var buffer in InputObject)
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
