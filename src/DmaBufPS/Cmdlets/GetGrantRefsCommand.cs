using System.Management.Automation;
using DmaBuf.Grants;

namespace DmaBufPS;

/// <summary>Get-GrantRefs: the references that this session has granted and not revoked.</summary>
[Cmdlet(VerbsCommon.Get, "GrantRefs")]
[OutputType(typeof(GrantRefs))]
public sealed class GetGrantRefsCommand : DmaBufCmdlet
{
    /// <summary>
    /// Only references for this domain: its name, or its id, which may be that of a domain that has ended.
    /// </summary>
    [Parameter(Position = 0)]
    [ArgumentCompleter(typeof(DomainCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Domain { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        ushort? peer = null;
        if (Domain is not null && !Try(Domain, () => peer = FindDomain(Domain)))
            return;
        var wanted = Session.Table.Grants.Where(grants => peer is null || grants.PeerDomain == peer);
        WriteObject(wanted.ToArray(), enumerateCollection: true);
    }
}
