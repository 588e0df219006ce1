using System.Management.Automation;

namespace OneCmdlet;

/// <summary>Get-One: returns 1.</summary>
[Cmdlet(VerbsCommon.Get, "One")]
[OutputType(typeof(int))]
public sealed class GetOneCommand : Cmdlet
{
    /// <inheritdoc/>
    protected override void ProcessRecord() => WriteObject(1);
}
