using System.Management.Automation;
using DmaBuf.Guests;

namespace DmaBufPS;

/// <summary>Get-GuestPages: the pages that this session shares with its host and has not revoked.</summary>
[Cmdlet(VerbsCommon.Get, "GuestPages")]
[OutputType(typeof(GuestPages))]
public sealed class GetGuestPagesCommand : DmaBufCmdlet
{
    /// <inheritdoc/>
    protected override void ProcessRecord() => WriteObject(Session.Table.GuestPages, enumerateCollection: true);
}
