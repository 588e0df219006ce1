using System.Management.Automation;
using DmaBuf.Errors;
using DmaBuf.Sharing.Channels;

namespace DmaBufPS;

/// <summary>Receive-DmaBufEvent: reads what happened on channels, or waits for it.</summary>
[Cmdlet(VerbsCommunications.Receive, "DmaBufEvent", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(ChannelEvent))]
public sealed class ReceiveDmaBufEventCommand : DmaBufCmdlet
{
    /// <summary>The channels, or their numbers; by default all that are open or are opened during the wait.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [ChannelArgument]
    [ArgumentCompleter(typeof(ChannelCompleter))]
    [ValidateNotNullOrEmpty]
    public Channel[]? Channel { get; set; }

    /// <summary>Only events of these types; the others stay until they are read.</summary>
    [Parameter]
    public ChannelEventType[] Type { get; set; } = [];

    /// <summary>Goes on until the channel ends, the time limit is reached, or the pipeline has enough.</summary>
    [Parameter]
    public SwitchParameter Follow { get; set; }

    /// <summary>The time limit for each event: seconds or a TimeSpan; 0 for none.</summary>
    [Parameter]
    [SecondsArgument]
    [ValidateRange(0.0, 1e9)]
    public double TimeoutSec { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (!ShouldProcess(Channel is null ? "all channels" : string.Join(", ", (object[])Channel), "Receive events"))
            return;
        var hasEnded = false;
        do
        {
            if (!Try(Channel?.FirstOrDefault(), () => hasEnded = !TryReceive()))
                return;
        }
        while (Follow && !hasEnded);
    }

    /// <summary>With -Follow, the end of the channel ends the events, and is no error.</summary>
    private bool TryReceive()
    {
        using var limit = NewLimit(TimeoutSec);
        try
        {
            WriteObject(Session.Channels.TakeEvent(Channel, Type, limit));
            return true;
        }
        catch (ShareException e) when (Follow && e.Fault == ShareFault.ChannelClosed)
        {
            return false;
        }
    }
}
