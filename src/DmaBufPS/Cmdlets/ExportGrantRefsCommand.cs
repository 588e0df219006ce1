using System.Management.Automation;
using DmaBuf.Buffers;
using DmaBuf.Grants;

namespace DmaBufPS;

/// <summary>Export-GrantRefs: grants a buffer's pages to another domain.</summary>
[Cmdlet(VerbsData.Export, "GrantRefs", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(GrantRefs))]
public sealed class ExportGrantRefsCommand : DmaBufCmdlet
{
    private (ushort Own, ushort Peer)? _domains;

    /// <summary>The buffers to share.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Buffer")]
    [LiveBufferArgument]
    public DmaBuffer[] InputObject { get; set; } = [];

    /// <summary>The domain that may map the pages: its id or its name.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ArgumentCompleter(typeof(DomainCompleter))]
    [ValidateNotNullOrEmpty]
    public string Domain { get; set; } = "";

    /// <summary>Adds one reference for the whole buffer, to pages that list the others.</summary>
    [Parameter]
    public SwitchParameter Directory { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var buffer in InputObject)
        {
            if (ShouldProcess($"{buffer} to domain {Domain}", "Grant pages")
                && (_domains ??= FindPeer(Domain)) is { } domains)
            {
                Export(buffer, domains);
            }
        }
    }

    private void Export(DmaBuffer buffer, (ushort Own, ushort Peer) domains) => Try(buffer, () =>
    {
        var grants = Session.Table.Export(buffer, domains.Own, domains.Peer, Directory, Session.Owner);
        // Sharing pages of the grant allocator has no such hazard.
        if (buffer.IsDmaBuf && ExportHazard.Find(domains.Own) is { } hazard)
            WriteWarning($"{hazard} New-GrantBuf allocates such pages.");
        WriteObject(grants);
    });
}
