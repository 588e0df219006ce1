using System.Management.Automation;
using DmaBuf.Xen;

namespace DmaBufPS;

/// <summary>Get-XenDomain: this domain and those that it can see.</summary>
[Cmdlet(VerbsCommon.Get, "XenDomain")]
[OutputType(typeof(XenDomain))]
public sealed class GetXenDomainCommand : DmaBufCmdlet
{
    /// <summary>Names to look for; wildcards are allowed.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(DomainNameCompleter))]
    [SupportsWildcards]
    public string[]? Name { get; set; }

    /// <summary>Ids to look for.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public ushort[]? Id { get; set; }

    /// <summary>Only this domain.</summary>
    [Parameter]
    public SwitchParameter Own { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Try(null, () =>
    {
        using var limit = NewLimit(0);
        using var store = XenStore.Open(limit);
        var all = XenDomain.All(store);
        WriteObject(all.Where(Matches), enumerateCollection: true);
        var missingNames = Name?
            .Where(name => !WildcardPattern.ContainsWildcardCharacters(name))
            .Where(name => !all.Any(domain => IsNamed(name, domain)));
        foreach (var name in missingNames ?? [])
            WriteError(ErrorRecords.From(XenDomain.NotSeen(name), name));
        foreach (var id in Id?.Where(id => !all.Any(domain => domain.Id == id)) ?? [])
            WriteError(ErrorRecords.From(XenDomain.NotSeen($"{id}"), id));
    });

    private static bool IsNamed(string pattern, XenDomain domain) =>
        NamePattern.Matches(pattern, domain.Name, WildcardOptions.None)
        || (XenDomain.TryParse(pattern, out var id) && id == domain.Id);

    private bool Matches(XenDomain domain) =>
        (domain.IsOwn || !Own)
        && (Id is null || Id.Contains(domain.Id))
        && (Name is null || Name.Any(pattern => IsNamed(pattern, domain)));
}
