using System.Management.Automation;
using DmaBuf.Buffers;
using DmaBuf.Grants;
using DmaBuf.Guests;
using DmaBuf.Sharing;
using DmaBuf.Transport;

namespace DmaBufPS;

/// <summary>
/// Send-DmaBufFd: hands buffers to other processes as descriptors, to other domains as grant references, and to a KVM
/// guest's host as pages of the guest.
/// </summary>
[Cmdlet(
    VerbsCommunications.Send,
    "DmaBufFd",
    DefaultParameterSetName = FromArgument,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(DmaBuffer), typeof(GrantRefs), typeof(GuestPages))]
public sealed class SendDmaBufFdCommand : DmaBufCmdlet
{
    private const string FromArgument = "Buffer";
    private const string FromPipeline = "BufferFromPipeline";
    private readonly List<object> _items = [];
    private Carrier? _carrier;
    private ushort? _domain;
    private int _served;

    /// <summary>The buffers, their names, or the references or guest's pages to send, one to each peer.</summary>
    [Parameter(ParameterSetName = FromArgument, Mandatory = true, Position = 0)]
    [Parameter(
        ParameterSetName = FromPipeline,
        Mandatory = true,
        ValueFromPipeline = true,
        ValueFromPipelineByPropertyName = true)]
    [Alias("Buffer")]
    [GrantRefsArgument(OrBuffer = true, OrGuestPages = true)]
    [ArgumentCompleter(typeof(BufferCompleter))]
    public object[] InputObject
    {
        get;
        set
        {
            // The address of "$buffer | Send-DmaBufFd ADDRESS" comes here first.
            if (Array.Exists(value, item => item is string))
                CheckNotPiped(BothGiven);
            field = value;
        }
    } = [];

    /// <summary>
    /// unixd:PATH listens, unix:PATH connects; references and pages also go over tcp, vsock and vchan, references by
    /// xenstore:NAME.
    /// </summary>
    [Parameter(ParameterSetName = FromArgument, Mandatory = true, Position = 1)]
    [Parameter(ParameterSetName = FromPipeline, Mandatory = true, Position = 0)]
    [ArgumentCompleter(typeof(AddressCompleter))]
    [ValidateNotNullOrEmpty]
    public string Address { get; set; } = "";

    /// <summary>The domain that the references must be for: its id or its name.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(DomainCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Domain { get; set; }

    /// <summary>The only peers to accept: an IP address or range for tcp, a user for unix, a CID for vsock.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? From { get; set; }

    /// <summary>
    /// Waits until each peer is done with the buffer: until it closes its connection or leaves its release mark.
    /// </summary>
    [Parameter]
    public SwitchParameter Wait { get; set; }

    /// <summary>The time limit for each peer: seconds or a TimeSpan; 0 for none.</summary>
    [Parameter]
    [SecondsArgument]
    [ValidateRange(0.0, 1e9)]
    public double TimeoutSec { get; set; }

    /// <summary>
    /// How many peers to send to, one after another, cycling through the buffers; by default one for each buffer.
    /// </summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int? Count { get; set; }

    /// <summary>Returns the buffers or references once they are sent.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        // With -Wait and a time limit, connecting is tried again until the peer listens.
        var noListener = Wait && TimeoutSec > 0 ? NoListener.ListenOrWait : NoListener.ListenOrFail;
        _carrier = OpenCarrier(Address, noListener, From);
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var item in FindItems(InputObject))
        {
            _items.Add(item);
            if (_served >= (Count ?? int.MaxValue))
                continue;
            if (SendToNextPeer(item) && PassThru)
                WriteObject(item);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        while (_items.Count > 0 && _served < (Count ?? 0))
            SendToNextPeer(_items[_served % _items.Count]);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _carrier?.Dispose();
        base.Dispose(disposing);
    }

    private bool SendToNextPeer(object item)
    {
        _served++;
        // The descriptor of New-GrantBuf's buffer is the grant allocator's, which is useless to another process.
        var pages = item switch
        {
            DmaBuffer { Origin: BufferOrigin.GrantAlloc } granted => granted.Shared,
            _ => item as SharedPages,
        };
        var action = pages switch
        {
            null => "Send descriptor",
            GuestPages => "Send pages",
            _ => "Send references",
        };
        return ShouldProcess($"{item} to {Address}", action) && Try(item, () => Send(item, pages));
    }

    private void Send(object item, SharedPages? pages)
    {
        (item as DmaBuffer)?.ThrowIfRemoved();
        if (Domain is not null && (pages as GrantRefs)?.PeerDomain != (_domain ??= FindDomain(Domain)))
            throw GrantExport.NotGranted(item, _domain.Value);

        using var limit = NewLimit(TimeoutSec);
        if (pages is not null)
            Session.Table.Send(_carrier!, pages, Wait, limit, ReportPeer);
        else
            Session.Table.Send(_carrier!, (DmaBuffer)item, Wait, limit, ReportPeer);
    }

    private void ReportPeer(string peer) => WriteVerbose($"Sent to {peer}.");
}
