using System.Management.Automation;
using DmaBuf.Sharing.Channels;

namespace DmaBufPS;

/// <summary>Get-DmaBufChannel: the channels that this process has open.</summary>
[Cmdlet(VerbsCommon.Get, "DmaBufChannel")]
[OutputType(typeof(Channel))]
public sealed class GetDmaBufChannelCommand : DmaBufCmdlet
{
    /// <summary>Only the channels with these numbers.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ChannelCompleter))]
    public long[] Id { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var open = Session.Channels.Channels;
        if (Id.Length == 0)
            WriteObject(open, enumerateCollection: true);
        foreach (var id in Id)
        {
            if (open.FirstOrDefault(channel => channel.Id == id) is { } channel)
                WriteObject(channel);
            else
                WriteError(ChannelArgumentAttribute.NotOpen(id));
        }
    }
}
