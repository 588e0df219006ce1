using System.Management.Automation;
using DmaBuf.Buffers;
using DmaBuf.Grants;

namespace DmaBufPS;

/// <summary>Export-GrantRefs: grants a buffer's pages to another domain.</summary>
[Cmdlet(
    VerbsData.Export,
    "GrantRefs",
    DefaultParameterSetName = FromArgument,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(GrantRefs))]
public sealed class ExportGrantRefsCommand : DmaBufCmdlet
{
    private const string FromArgument = "Buffer";
    private const string FromPipeline = "BufferFromPipeline";
    private (ushort Own, ushort Peer)? _domains;

    /// <summary>The buffers to share, or their names.</summary>
    [Parameter(ParameterSetName = FromArgument, Mandatory = true, Position = 0)]
    [Parameter(
        ParameterSetName = FromPipeline,
        Mandatory = true,
        ValueFromPipeline = true,
        ValueFromPipelineByPropertyName = true)]
    [Alias("Buffer")]
    [BufferArgument]
    [ArgumentCompleter(typeof(BufferCompleter))]
    public DmaBufferOrName[] InputObject
    {
        get;
        set
        {
            // The domain's name in "$buffer | Export-GrantRefs DOMAIN" comes here first.
            if (Array.Exists(value, item => item.Name is not null))
                CheckNotPiped(BothGiven);
            field = value;
        }
    } = [];

    /// <summary>The domain that may map the pages: its id or its name.</summary>
    [Parameter(ParameterSetName = FromArgument, Mandatory = true, Position = 1)]
    [Parameter(ParameterSetName = FromPipeline, Mandatory = true, Position = 0)]
    [ArgumentCompleter(typeof(DomainCompleter))]
    [ValidateNotNullOrEmpty]
    public string Domain { get; set; } = "";

    /// <summary>Adds one reference for the whole buffer, to pages that list the others.</summary>
    [Parameter]
    public SwitchParameter Directory { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var buffer in FindBuffers(InputObject))
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
