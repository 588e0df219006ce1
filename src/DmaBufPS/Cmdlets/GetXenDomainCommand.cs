using System.Management.Automation;
using DmaBuf;

namespace DmaBufPS;

/// <summary>Get-XenDomain: this domain and those that it can see.</summary>
[Cmdlet(VerbsCommon.Get, "XenDomain")]
[OutputType(typeof(XenDomain))]
public sealed class GetXenDomainCommand : DmaBufCmdlet
{
    /// <summary>Only the domain that asks.</summary>
    [Parameter]
    public SwitchParameter Own { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing() => TryOrStop(null, () =>
    {
        using var limit = NewLimit(0);
        using var store = XenStore.Open(limit);
        WriteObject(XenDomain.All(store).Where(domain => domain.IsOwn || !Own), enumerateCollection: true);
    });
}
