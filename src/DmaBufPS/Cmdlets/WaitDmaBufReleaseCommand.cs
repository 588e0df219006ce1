using System.Management.Automation;
using DmaBuf.Buffers;
using DmaBuf.Grants;

namespace DmaBufPS;

/// <summary>Wait-DmaBufRelease: waits until the peers that received a buffer are done with it.</summary>
[Cmdlet(VerbsLifecycle.Wait, "DmaBufRelease", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(DmaBuffer), typeof(GrantRefs))]
public sealed class WaitDmaBufReleaseCommand : DmaBufCmdlet
{
    /// <summary>
    /// Buffers, their names, or references that were sent, or dma-bufs made from another domain's references.
    /// </summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Buffer")]
    [GrantRefsArgument(OrBuffer = true)]
    [ArgumentCompleter(typeof(BufferCompleter))]
    public object[] InputObject { get; set; } = [];

    /// <summary>The time limit for each object: seconds or a TimeSpan; 0 for none.</summary>
    [Parameter]
    [SecondsArgument]
    [ValidateRange(0.0, 1e9)]
    public double TimeoutSec { get; set; }

    /// <summary>Returns the buffers or references once their peers are done.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var item in FindItems(InputObject))
        {
            if (ShouldProcess($"{item}", "Wait for release") && Try(item, () => WaitFor(item)) && PassThru)
                WriteObject(item);
        }
    }

    private void WaitFor(object item)
    {
        using var limit = NewLimit(TimeoutSec);
        if (item is GrantRefs grants)
            Session.Table.WaitReleased(grants, limit);
        else
            Session.Table.WaitReleased((DmaBuffer)item, limit);
    }
}
