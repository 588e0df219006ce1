using System.Management.Automation;
using DmaBuf.Guests;

namespace DmaBufPS;

/// <summary>Disconnect-GuestMemory: ends all buffers of KVM guests, and gives their memory up.</summary>
[Cmdlet(
    VerbsCommunications.Disconnect, "GuestMemory", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
public sealed class DisconnectGuestMemoryCommand : DmaBufCmdlet
{
    /// <summary>The guests, or their names.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true)]
    [Alias("Guest", "Name")]
    [GuestArgument]
    [ArgumentCompleter(typeof(GuestCompleter))]
    public GuestMemory[] InputObject { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var guest in InputObject)
        {
            if (ShouldProcess(guest.Name, "Disconnect"))
                Try(guest, () => guest.Disconnect(Cancellation));
        }
    }
}
