using System.Management.Automation;
using DmaBuf.Sharing.Channels;

namespace DmaBufPS;

/// <summary>Unpublish-DmaBuf: ends the offer of buffers, at once or after a delay.</summary>
[Cmdlet(VerbsData.Unpublish, "DmaBuf", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(ExportedShare))]
public sealed class UnpublishDmaBufCommand : ShareCmdlet
{
    /// <summary>Until when the peer can still import, in milliseconds; publishing again until then cancels.</summary>
    [Parameter]
    [ValidateRange(0, uint.MaxValue)]
    public long DelayMs { get; set; }

    /// <inheritdoc/>
    protected override void Process(ChannelShare share)
    {
        if (share is not ExportedShare exported)
            WriteError(NotExported(share));
        else if (ShouldProcess($"{share}", "Unpublish")
            && Try(share, () => exported.Unpublish(TimeSpan.FromMilliseconds(DelayMs))))
            WriteObject(exported);
    }
}
