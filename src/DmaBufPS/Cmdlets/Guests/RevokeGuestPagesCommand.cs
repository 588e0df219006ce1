using System.Management.Automation;
using DmaBuf.Guests;

namespace DmaBufPS;

/// <summary>Revoke-GuestPages: ends the hold on pages that were shared with the host.</summary>
[Cmdlet(VerbsSecurity.Revoke, "GuestPages", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
public sealed class RevokeGuestPagesCommand : DmaBufCmdlet
{
    /// <summary>Pages from Export-GuestPages.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [GuestPagesArgument]
    public GuestPages[] InputObject { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var pages in InputObject)
        {
            if (ShouldProcess($"{pages}", "Revoke"))
                Try(pages, () => Session.Table.Revoke(pages));
        }
    }
}
