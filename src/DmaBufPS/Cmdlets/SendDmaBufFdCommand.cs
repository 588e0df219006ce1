using System.Management.Automation;
using DmaBuf;

namespace DmaBufPS;

/// <summary>Send-DmaBufFd: hands buffers to other processes by file descriptor.</summary>
[Cmdlet(VerbsCommunications.Send, "DmaBufFd", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(DmaBuffer))]
public sealed class SendDmaBufFdCommand : DmaBufCmdlet
{
    private readonly List<DmaBuffer> _buffers = [];
    private Endpoint? _endpoint;
    private PeerSource? _peers;
    private int _served;

    /// <summary>The buffers to send, one to each peer.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Buffer")]
    public DmaBuffer[] InputObject { get; set; } = [];

    /// <summary>unixd:PATH listens, unix:PATH connects.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ArgumentCompleter(typeof(AddressCompleter))]
    [ValidateNotNullOrEmpty]
    public string Address { get; set; } = "";

    /// <summary>Waits until each peer closes its connection, which says that it is done with the buffer.</summary>
    [Parameter]
    public SwitchParameter Wait { get; set; }

    /// <summary>The time limit in seconds for each peer; 0 for none.</summary>
    [Parameter]
    [ValidateRange(0.0, 1e9)]
    public double TimeoutSec { get; set; }

    /// <summary>How many peers to serve, one after another, going round the buffers; without it one for each buffer.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int? Count { get; set; }

    /// <summary>Gives the buffers on once they are sent.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        _endpoint = ParseAddress(Address);
        TryOrStop(Address, () => PeerConnection.CheckPassesDescriptors(_endpoint));
        _peers = new PeerSource(_endpoint);
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var buffer in InputObject)
        {
            _buffers.Add(buffer);
            if (_served >= (Count ?? int.MaxValue))
                continue;
            if (Serve(buffer) && PassThru)
                WriteObject(buffer);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        while (_buffers.Count > 0 && _served < (Count ?? 0))
            Serve(_buffers[_served % _buffers.Count]);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _peers?.Dispose();
        base.Dispose(disposing);
    }

    private bool Serve(DmaBuffer buffer)
    {
        _served++;
        return ShouldProcess($"{buffer} to {Address}", "Send descriptor") && Try(buffer, () =>
        {
            buffer.ThrowIfRemoved();
            using var limit = NewLimit(TimeoutSec);
            using var peer = _peers!.Next(limit);
            peer.SendDescriptor(buffer, limit);
            if (Wait)
                peer.WaitForClose(limit);
        });
    }
}
