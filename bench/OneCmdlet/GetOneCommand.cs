using System.Management.Automation;

namespace OneCmdlet;

/// <summary>Get-One: gives 1.</summary>
[Cmdlet(VerbsCommon.Get, "One")]
[OutputType(typeof(int))]
public sealed class GetOneCommand : Cmdlet
{
    /// <inheritdoc/>
    protected override void ProcessRecord() => WriteObject(1);
}
