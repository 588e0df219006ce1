using System.Management.Automation;
using DmaBuf.Discovery;

namespace DmaBufPS;

/// <summary>Test-DmaBufSupport: whether this machine offers all of the features named.</summary>
[Cmdlet(VerbsDiagnostic.Test, "DmaBufSupport")]
[OutputType(typeof(bool))]
public sealed class TestDmaBufSupportCommand : DmaBufCmdlet
{
    /// <summary>The features that must all be available.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    public SupportFeature[] Feature { get; set; } = [SupportFeature.UDmaBuf];

    /// <inheritdoc/>
    protected override void ProcessRecord() =>
        Try(null, () => WriteObject(Feature.All(feature => Support.Check(feature).Available)));
}
