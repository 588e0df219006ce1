using System.Management.Automation;
using DmaBuf.Buffers;
using DmaBuf.Grants;
using DmaBuf.Xen;

namespace DmaBufPS;

/// <summary>Export-GrantRefs: grants a buffer's pages to another domain.</summary>
[Cmdlet(VerbsData.Export, "GrantRefs", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(GrantRefs))]
public sealed class ExportGrantRefsCommand : DmaBufCmdlet
{
    private ushort _own;
    private ushort _peer;

    /// <summary>The buffers to share.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Buffer")]
    public DmaBuffer[] InputObject { get; set; } = [];

    /// <summary>The domain that may map the pages: its id or its name.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ArgumentCompleter(typeof(DomainCompleter))]
    [ValidateNotNullOrEmpty]
    public string Domain { get; set; } = "";

    /// <summary>Gives one reference for the whole buffer too, to pages that list the others.</summary>
    [Parameter]
    public SwitchParameter Directory { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing() => TryOrStop(Domain, () =>
    {
        using var limit = NewLimit(0);
        (_own, _peer) = XenDomain.FindPeer(Domain, limit);
    });

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var buffer in InputObject)
        {
            if (ShouldProcess($"{buffer} to domain {_peer}", "Grant pages"))
                Try(buffer, () => WriteObject(Share(buffer)));
        }
    }

    private GrantRefs Share(DmaBuffer buffer)
    {
        var parts = new List<IDisposable>();
        try
        {
            var grants = Grant(buffer, parts);
            if (Directory && Leases.DirectoryOf(grants) is { } listed)
                return listed;
            if (Directory)
            {
                (var pages, grants) = GrantDirectory.Create(grants);
                parts.Add(pages);
            }

            return Leases.Add(buffer, grants, [.. parts]);
        }
        catch
        {
            parts.ForEach(part => part.Dispose());
            throw;
        }
    }

    private GrantRefs Grant(DmaBuffer buffer, List<IDisposable> parts)
    {
        buffer.ThrowIfRemoved();
        // The lease that New-GrantBuf made has them.
        if (GrantRefs.Of(buffer) is { } granted && granted.Domain == _own && granted.PeerDomain == _peer)
            return granted;
        var export = GrantExport.Create(buffer, _own, _peer);
        parts.Add(export);
        if (ExportHazard.Find(_own) is { } hazard)
            WriteWarning(hazard);
        return export.Grants;
    }
}
