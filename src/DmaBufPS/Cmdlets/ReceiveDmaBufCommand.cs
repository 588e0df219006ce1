using System.Management.Automation;
using DmaBuf.Buffers;
using DmaBuf.Grants;
using DmaBuf.Guests;
using DmaBuf.Sharing;
using DmaBuf.Transport;

namespace DmaBufPS;

/// <summary>Receive-DmaBuf: receives buffers that other processes, domains or guests hand over.</summary>
[Cmdlet(
    VerbsCommunications.Receive,
    "DmaBuf",
    DefaultParameterSetName = OfDescriptor,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(DmaBuffer))]
public sealed class ReceiveDmaBufCommand : DmaBufCmdlet
{
    private const string OfDescriptor = "Descriptor";
    private const string OfGrants = "Grants";
    private const string OfGuest = "Guest";
    private Carrier? _carrier;
    private ImportMethod _method;

    /// <summary>
    /// unix:PATH connects, or listens where nothing listens; unixd:PATH listens; references and pages also come
    /// over tcp, vsock and vchan, references by xenstore:NAME.
    /// </summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(AddressCompleter))]
    [ValidateNotNullOrEmpty]
    public string Address { get; set; } = "";

    /// <summary>Receives grant references of this domain, given by id or by name, and imports them.</summary>
    [Parameter(ParameterSetName = OfGrants, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(DomainCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Domain { get; set; }

    /// <summary>
    /// Receives pages of this guest, given as an object or by name, and makes dma-bufs of this host of them.
    /// </summary>
    [Parameter(ParameterSetName = OfGuest, Mandatory = true)]
    [GuestArgument]
    [ArgumentCompleter(typeof(GuestCompleter))]
    public GuestMemory? Guest { get; set; }

    /// <summary>
    /// Accepts pages from anyone, and over any stream. By default only the guest's root is accepted, and only over
    /// vsock.
    /// </summary>
    [Parameter(ParameterSetName = OfGuest)]
    public SwitchParameter AllowAnyPeer { get; set; }

    /// <summary>The buffers' name: at most 31 bytes. A dma-buf is renamed for all who hold it.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>Maps the pages even where the kernel could make a dma-buf.</summary>
    [Parameter(ParameterSetName = OfGrants)]
    public SwitchParameter Mapping { get; set; }

    /// <summary>Fails where the kernel cannot make a dma-buf, instead of mapping the pages.</summary>
    [Parameter(ParameterSetName = OfGrants)]
    public SwitchParameter RequireDmaBuf { get; set; }

    /// <summary>Where nothing listens yet, waits until the sender does, instead of listening here.</summary>
    [Parameter]
    public SwitchParameter Wait { get; set; }

    /// <summary>The time limit for each buffer: seconds or a TimeSpan; 0 for none.</summary>
    [Parameter]
    [SecondsArgument]
    [ValidateRange(0.0, 1e9)]
    public double TimeoutSec { get; set; }

    /// <summary>How many buffers to receive, each on a connection of its own.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int Count { get; set; } = 1;

    /// <inheritdoc/>
    protected override void BeginProcessing() => _method = MethodOf(Mapping, RequireDmaBuf);

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        _carrier?.Dispose();
        _carrier = OpenCarrier(Address, Wait ? NoListener.Wait : NoListener.ListenOrFail);
        if (ParameterSetName == OfDescriptor && !Try(Address, _carrier.CheckPassesDescriptors))
            return;
        var action = ParameterSetName switch
        {
            OfGuest => $"Receive pages of guest {Guest}",
            OfGrants => $"Receive references of domain {Domain}",
            _ => "Receive descriptor",
        };
        for (var i = 0; i < Count; i++)
        {
            if (ShouldProcess(Address, action))
                Try(Address, () => WriteObject(Session.Add(Receive(_carrier), Name)));
        }

        _carrier.Dispose();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _carrier?.Dispose();
        base.Dispose(disposing);
    }

    private DmaBuffer Receive(Carrier carrier)
    {
        DmaBuffer.CheckName(Name);
        using var limit = NewLimit(TimeoutSec);
        return ParameterSetName switch
        {
            OfGuest => carrier.Receive(Guest!, AllowAnyPeer, limit),
            OfGrants => carrier.Receive(Domain!, _method, limit),
            _ => carrier.Receive(limit),
        };
    }
}
