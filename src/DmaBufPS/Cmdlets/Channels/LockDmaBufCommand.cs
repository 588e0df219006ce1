using System.Management.Automation;
using DmaBuf.Buffers;

namespace DmaBufPS;

/// <summary>Lock-DmaBuf: takes buffers for use, once no peer uses them in a way that excludes it.</summary>
[Cmdlet(VerbsCommon.Lock, "DmaBuf", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(DmaBuffer))]
public sealed class LockDmaBufCommand : DmaBufCmdlet
{
    /// <summary>The buffers, or their names: of this process, or imported over a channel.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Buffer")]
    [BufferArgument]
    [ArgumentCompleter(typeof(BufferCompleter))]
    public DmaBufferOrName[] InputObject { get; set; } = [];

    /// <summary>Takes the buffer for reading, which others may do at the same time.</summary>
    [Parameter]
    public SwitchParameter Read { get; set; }

    /// <summary>The time limit for each buffer: seconds or a TimeSpan; 0 for none.</summary>
    [Parameter]
    [SecondsArgument]
    [ValidateRange(0.0, 1e9)]
    public double TimeoutSec { get; set; }

    /// <summary>Returns the buffers that were taken.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var buffer in FindBuffers(InputObject))
        {
            if (ShouldProcess($"{buffer}", Read ? "Lock for reading" : "Lock") && Try(buffer, () => Lock(buffer))
                && PassThru)
                WriteObject(buffer);
        }
    }

    private void Lock(DmaBuffer buffer)
    {
        using var limit = NewLimit(TimeoutSec);
        Session.Channels.Lock(buffer, !Read, limit);
    }
}
