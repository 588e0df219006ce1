using System.Globalization;
using System.Management.Automation;
using DmaBuf.Sharing.Channels;
using DmaBuf.Transport;
using DmaBuf.Waits;
using DmaBuf.Xen;

namespace DmaBufPS;

/// <summary>Connect-DmaBufChannel: opens channels to other processes and domains.</summary>
[Cmdlet(
    VerbsCommunications.Connect,
    "DmaBufChannel",
    DefaultParameterSetName = ByDomain,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Low)]
[OutputType(typeof(Channel))]
public sealed class ConnectDmaBufChannelCommand : DmaBufCmdlet
{
    /// <summary>The name of the vchan between two domains.</summary>
    private const string VchanName = "dmabufps";

    private const string ByAddress = "Address";
    private const string ByDomain = "Domain";

    /// <summary>
    /// unix:PATH connects, or listens where nothing listens; tcp, vsock and vchan addresses connect or, with d, listen.
    /// </summary>
    [Parameter(ParameterSetName = ByAddress, Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(AddressCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] Address { get; set; } = [];

    /// <summary>
    /// The peers' domains, by id or name. Without an address, each is reached by vchan; over tcp, it is the domain to
    /// share pages with.
    /// </summary>
    [Parameter(ParameterSetName = ByAddress)]
    [Parameter(ParameterSetName = ByDomain, Mandatory = true)]
    [ArgumentCompleter(typeof(DomainCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] Domain { get; set; } = [];

    /// <summary>The only peers to accept: an IP address or range for tcp, a user for unix, a CID for vsock.</summary>
    [Parameter(ParameterSetName = ByAddress)]
    [ValidateNotNullOrEmpty]
    public string? From { get; set; }

    /// <summary>How many live shares of the peer this side takes.</summary>
    [Parameter]
    [ValidateRange(1, 1_000_000)]
    public int MaxShares { get; set; } = 1024;

    /// <summary>How many events are kept until they are read.</summary>
    [Parameter]
    [ValidateRange(1, 1_000_000)]
    public int MaxEvents { get; set; } = 4096;

    /// <summary>The time limit for each peer: seconds or a TimeSpan; 0 for none.</summary>
    [Parameter]
    [SecondsArgument]
    [ValidateRange(0.0, 1e9)]
    public double TimeoutSec { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == ByDomain)
        {
            foreach (var domain in Domain)
                Connect(domain, limit => VchanTo(domain, limit));
            return;
        }

        for (var i = 0; i < Address.Length; i++)
        {
            var address = Address[i];
            var domain = Domain.Length == 0 ? null : Domain[Math.Min(i, Domain.Length - 1)];
            Connect(address, _ => (
                Endpoint.Parse(address, SessionState.Path.CurrentFileSystemLocation.ProviderPath),
                domain is null ? null : FindDomain(domain)));
        }
    }

    /// <summary>The lower id serves. Both sides derive the same from the two ids.</summary>
    private static (Endpoint, ushort?) VchanTo(string domain, WaitLimit limit)
    {
        var (own, peer) = XenDomain.FindExporter(domain, limit);
        var scheme = own < peer ? "vchand" : "vchan";
        return (Endpoint.Parse(string.Create(CultureInfo.InvariantCulture, $"{scheme}:{peer}:{VchanName}")), peer);
    }

    private void Connect(string target, Func<WaitLimit, (Endpoint Endpoint, ushort? Domain)> find)
    {
        if (!ShouldProcess(target, "Open channel"))
            return;
        Try(target, () =>
        {
            using var limit = NewLimit(TimeoutSec);
            var (endpoint, domain) = find(limit);
            var from = From is null ? null : PeerFilter.Parse(From, endpoint.Kind);
            using var peers = new StreamSource(endpoint, NoListener.ListenOrWait, from);
            var options = new ChannelOptions
            {
                Domain = domain, MaxShares = MaxShares, MaxEvents = MaxEvents, Owner = Session.Owner,
            };
            WriteObject(Session.Channels.Connect(peers, options, limit));
        });
    }
}
