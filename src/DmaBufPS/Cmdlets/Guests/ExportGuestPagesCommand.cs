using System.Management.Automation;
using DmaBuf.Guests;

namespace DmaBufPS;

/// <summary>Export-GuestPages: pins a buffer's pages in a KVM guest and tells which page frames they have.</summary>
[Cmdlet(VerbsData.Export, "GuestPages", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(GuestPages))]
public sealed class ExportGuestPagesCommand : DmaBufCmdlet
{
    /// <summary>
    /// The buffers to share with the host, or their names. They must stand on memfds of this process.
    /// </summary>
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
            if (ShouldProcess($"{buffer} to the host", "Share pages"))
                Try(buffer, () => WriteObject(Session.Table.ExportGuestPages(buffer, Session.Owner)));
        }
    }
}
