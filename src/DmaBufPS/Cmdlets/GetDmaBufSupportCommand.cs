using System.Management.Automation;
using DmaBuf.Discovery;

namespace DmaBufPS;

/// <summary>Get-DmaBufSupport: what this machine offers, and what helps where it lacks something.</summary>
[Cmdlet(VerbsCommon.Get, "DmaBufSupport")]
[OutputType(typeof(SupportCheck))]
public sealed class GetDmaBufSupportCommand : DmaBufCmdlet
{
    /// <summary>The features to check; by default all of them.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    public SupportFeature[]? Feature { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var feature in Feature ?? Enum.GetValues<SupportFeature>())
            Try(feature, () => WriteObject(Support.Check(feature)));
    }
}
