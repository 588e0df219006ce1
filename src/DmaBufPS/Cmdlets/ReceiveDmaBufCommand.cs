using System.Management.Automation;
using DmaBuf;

namespace DmaBufPS;

/// <summary>Receive-DmaBuf: takes buffers that other processes hand over.</summary>
[Cmdlet(VerbsCommunications.Receive, "DmaBuf", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(DmaBuffer))]
public sealed class ReceiveDmaBufCommand : DmaBufCmdlet
{
    private PeerSource? _peers;

    /// <summary>unix:PATH connects, and listens where nothing listens; unixd:PATH listens.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(AddressCompleter))]
    [ValidateNotNullOrEmpty]
    public string Address { get; set; } = "";

    /// <summary>Where nothing listens: waits until the sender does, rather than listen here.</summary>
    [Parameter]
    public SwitchParameter Wait { get; set; }

    /// <summary>The time limit in seconds for each buffer; 0 for none.</summary>
    [Parameter]
    [ValidateRange(0.0, 1e9)]
    public double TimeoutSec { get; set; }

    /// <summary>How many buffers to receive, each on a connection of its own.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int Count { get; set; } = 1;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var endpoint = ParseAddress(Address);
        TryOrStop(Address, () => PeerConnection.CheckPassesDescriptors(endpoint));
        _peers?.Dispose();
        _peers = new PeerSource(endpoint, Wait);
        for (var i = 0; i < Count; i++)
        {
            if (ShouldProcess(Address, "Receive descriptor"))
                Try(Address, () => WriteObject(Session.Add(Receive(_peers))));
        }

        _peers.Dispose();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _peers?.Dispose();
        base.Dispose(disposing);
    }

    private DmaBuffer Receive(PeerSource peers)
    {
        using var limit = NewLimit(TimeoutSec);
        var peer = peers.Next(limit);
        try
        {
            return peer.ReceiveDescriptor(limit);
        }
        catch
        {
            peer.Dispose();
            throw;
        }
    }
}
