using System.Management.Automation;
using DmaBuf.Grants;

namespace DmaBufPS;

/// <summary>Get-GrantRefs: the references that this session has granted and not revoked.</summary>
[Cmdlet(VerbsCommon.Get, "GrantRefs")]
[OutputType(typeof(GrantRefs))]
public sealed class GetGrantRefsCommand : DmaBufCmdlet
{
    /// <summary>Only those for this domain: its id, which need not be there any more, or its name.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(DomainCompleter))]
    [ValidateNotNullOrEmpty]
    public string? PeerDomain { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        ushort? peer = null;
        if (PeerDomain is not null)
            TryOrStop(PeerDomain, () => peer = FindDomain(PeerDomain));
        WriteObject(Session.Table.Grants.Where(grants => peer is null || grants.PeerDomain == peer).ToArray(), enumerateCollection: true);
    }
}
