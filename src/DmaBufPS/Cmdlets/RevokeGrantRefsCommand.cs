using System.Management.Automation;
using DmaBuf.Grants;

namespace DmaBufPS;

/// <summary>Revoke-GrantRefs: ends grants.</summary>
[Cmdlet(VerbsSecurity.Revoke, "GrantRefs", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
public sealed class RevokeGrantRefsCommand : DmaBufCmdlet
{
    /// <summary>The references to revoke, as Export-GrantRefs returned them.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [GrantRefsArgument]
    public GrantRefs[] InputObject { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var grants in InputObject)
        {
            if (ShouldProcess(grants.ToString(), "Revoke"))
                Try(grants, () => Session.Table.Revoke(grants));
        }
    }
}
