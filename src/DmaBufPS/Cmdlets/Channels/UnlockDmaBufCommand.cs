using System.Management.Automation;

namespace DmaBufPS;

/// <summary>Unlock-DmaBuf: lets others use buffers again.</summary>
[Cmdlet(VerbsCommon.Unlock, "DmaBuf", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
public sealed class UnlockDmaBufCommand : DmaBufCmdlet
{
    /// <summary>The buffers, or their names, that Lock-DmaBuf took or Import-DmaBuf made.</summary>
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
            if (ShouldProcess($"{buffer}", "Unlock"))
                Try(buffer, () => Session.Channels.Unlock(buffer));
        }
    }
}
