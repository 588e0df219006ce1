using System.Management.Automation;
using DmaBuf;

namespace DmaBufPS;

/// <summary>Get-GrantRefs: the references that this session has granted and not revoked.</summary>
[Cmdlet(VerbsCommon.Get, "GrantRefs")]
[OutputType(typeof(GrantRefs))]
public sealed class GetGrantRefsCommand : DmaBufCmdlet
{
    /// <summary>Only those for this domain id.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    public ushort? PeerDomain { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() =>
        WriteObject(Leases.Grants.Where(grants => PeerDomain is null || grants.PeerDomain == PeerDomain).ToArray(), enumerateCollection: true);
}
