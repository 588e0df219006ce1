using System.Management.Automation;
using DmaBuf.Guests;

namespace DmaBufPS;

/// <summary>Connect-GuestMemory: lets QEMU show the memory of a KVM guest to this session.</summary>
[Cmdlet(VerbsCommunications.Connect, "GuestMemory", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(GuestMemory))]
public sealed class ConnectGuestMemoryCommand : DmaBufCmdlet
{
    /// <summary>What this session calls the guest.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = "";

    /// <summary>The path of the socket that QEMU's vhost-user device connects to. This session listens there.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string VhostUser { get; set; } = "";

    /// <summary>The guest's vsock context id: guest-cid of its vhost-vsock-pci device.</summary>
    [Parameter]
    [ValidateRange(3L, uint.MaxValue - 1L)]
    public long? Cid { get; set; }

    /// <summary>
    /// The path of the QMP socket of a QEMU that runs already. A vhost-user device is added to its guest, and taken out
    /// again when the guest is disconnected.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Qmp { get; set; }

    /// <summary>Waits until the guest's pages can be imported, as -Qmp always does.</summary>
    [Parameter]
    public SwitchParameter Wait { get; set; }

    /// <summary>The time limit: seconds or a TimeSpan; 0 for none.</summary>
    [Parameter]
    [SecondsArgument]
    [ValidateRange(0.0, 1e9)]
    public double TimeoutSec { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ShouldProcess(Name, "Take all of the guest's memory into this session's reach"))
            Try(Name, () => WriteObject(Connect()));
    }

    private GuestMemory Connect()
    {
        var guest = Session.Guests.Add(Name, FilePath(VhostUser), (uint?)Cid, Session.Owner);
        try
        {
            using var limit = NewLimit(TimeoutSec);
            if (Qmp is not null)
                guest.PlugIn(FilePath(Qmp), limit);
            else if (Wait)
                guest.WaitReady(limit);
            return guest;
        }
        catch
        {
            guest.Disconnect(Cancellation);
            throw;
        }
    }
}
