using System.Management.Automation;
using DmaBuf.Buffers;
using DmaBuf.Grants;

namespace DmaBufPS;

/// <summary>Revoke-GrantRefs: ends grants.</summary>
[Cmdlet(VerbsSecurity.Revoke, "GrantRefs", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
public sealed class RevokeGrantRefsCommand : DmaBufCmdlet
{
    /// <summary>References from Export-GrantRefs, or buffers or their names, for all of their references.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [GrantRefsArgument(OrBuffer = true)]
    [ArgumentCompleter(typeof(BufferCompleter))]
    public object[] InputObject { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var item in FindItems(InputObject))
        {
            if (item is GrantRefs grants)
                Revoke(grants);
            else
                Try(item, () => Session.Table.GrantsOf((DmaBuffer)item).ToList().ForEach(Revoke));
        }
    }

    private void Revoke(GrantRefs grants)
    {
        if (ShouldProcess(grants.ToString(), "Revoke"))
            Try(grants, () => Session.Table.Revoke(grants));
    }
}
