using System.Management.Automation;

namespace DmaBufPS.Tests;

/// <summary>
/// The last command of a pipeline, which learns that the commands before it have been told to stop: PowerShell tells
/// them in their order.
/// </summary>
[Cmdlet(VerbsCommon.Watch, "Stop")]
public sealed class WatchStopCommand : Cmdlet
{
    /// <summary>Set when this command is told.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    public ManualResetEventSlim Told { get; set; } = null!;

    /// <inheritdoc/>
    protected override void StopProcessing() => Told.Set();
}
