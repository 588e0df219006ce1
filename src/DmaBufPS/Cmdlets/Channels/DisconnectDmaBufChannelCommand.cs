using System.Management.Automation;
using DmaBuf.Sharing.Channels;

namespace DmaBufPS;

/// <summary>Disconnect-DmaBufChannel: closes channels.</summary>
[Cmdlet(
    VerbsCommunications.Disconnect,
    "DmaBufChannel",
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Low)]
public sealed class DisconnectDmaBufChannelCommand : DmaBufCmdlet
{
    /// <summary>The channels to close, or their numbers.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [Alias("Channel")]
    [ChannelArgument]
    [ArgumentCompleter(typeof(ChannelCompleter))]
    public Channel[] InputObject { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var channel in InputObject)
        {
            if (ShouldProcess($"{channel}", "Close"))
                Try(channel, channel.Dispose);
        }
    }
}
