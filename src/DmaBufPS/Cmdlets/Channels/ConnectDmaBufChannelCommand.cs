using System.Collections.Concurrent;
using System.Management.Automation;
using DmaBuf.Guests;
using DmaBuf.Sharing.Channels;
using DmaBuf.Tracing;
using DmaBuf.Transport;
using DmaBuf.Waits;

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
    private const string ByAddress = "Address";
    private const string ByDomain = "Domain";
    private const string ByGuest = "Guest";

    /// <summary>
    /// unix:PATH connects, or listens where nothing listens; tcp, vsock and vchan addresses connect or, with d, listen.
    /// </summary>
    [Parameter(ParameterSetName = ByAddress, Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [Parameter(ParameterSetName = ByGuest, Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
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

    /// <summary>
    /// The KVM guest at the other side, given as an object or by name, on its host. It publishes its buffers as pages
    /// of the guest.
    /// </summary>
    [Parameter(ParameterSetName = ByGuest, Mandatory = true)]
    [GuestArgument]
    [ArgumentCompleter(typeof(GuestCompleter))]
    public GuestMemory? Guest { get; set; }

    /// <summary>
    /// Accepts anyone as that guest, and over any stream. By default only the guest's root is accepted, and only over
    /// vsock.
    /// </summary>
    [Parameter(ParameterSetName = ByGuest)]
    public SwitchParameter AllowAnyPeer { get; set; }

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

    /// <summary>Connects again whenever the connection ends, until this side disconnects.</summary>
    [Parameter]
    public SwitchParameter Reconnect { get; set; }

    /// <summary>The time limit for each peer: seconds or a TimeSpan; 0 for none.</summary>
    [Parameter]
    [SecondsArgument]
    [ValidateRange(0.0, 1e9)]
    public double TimeoutSec { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var peers = new List<Peer>();
        if (ParameterSetName == ByDomain)
        {
            foreach (var domain in Domain)
                Add(peers, domain, () => ChannelTarget.In(domain));
        }
        else
        {
            CheckDomains();
            for (var i = 0; i < Address.Length; i++)
            {
                var address = Address[i];
                var domain = Domain.Length == 0 ? null : Domain[Math.Min(i, Domain.Length - 1)];
                Add(peers, address, () => At(address, domain));
            }
        }

        if (peers is [var only])
            Try(only.Name, () => WriteObject(Connect(only.Target, Cancellation)));
        else if (peers.Count > 0)
            ConnectAll(peers);
    }

    private void CheckDomains()
    {
        if (Domain.Length <= Address.Length)
            return;
        ThrowTerminatingError(ErrorRecords.From(
            new PSArgumentException(
                $"There are {Domain.Length} domains for {Address.Length} addresses: "
                + $"{Domain[Address.Length]} has none."),
            "Channel,TooManyDomains",
            ErrorCategory.InvalidArgument,
            Domain[Address.Length],
            "Give an address for each domain, or -Domain alone, which connects by vchan."));
    }

    private void Add(List<Peer> peers, string name, Func<ChannelTarget> find)
    {
        if (ShouldProcess(name, "Open channel"))
            Try(name, () => peers.Add(new Peer(name, find())));
    }

    private ChannelTarget At(string address, string? domain)
    {
        var endpoint = Endpoint.Parse(address, SessionState.Path.CurrentFileSystemLocation.ProviderPath);
        return ChannelTarget.At(endpoint, domain, PeersAt(endpoint, From, AllowAnyPeer ? null : Guest));
    }

    private Channel Connect(ChannelTarget target, CancellationToken cancellation)
    {
        var options = new ChannelOptions
        {
            Guest = Guest,
            MaxShares = MaxShares,
            MaxEvents = MaxEvents,
            Reconnect = Reconnect,
            Owner = Session.Owner,
        };
        using var limit = new WaitLimit(TimeoutSec == 0 ? null : TimeSpan.FromSeconds(TimeoutSec), cancellation);
        return Session.Channels.Connect(target, options, limit);
    }

    /// <summary>Connects to all peers at once, and writes each channel as soon as it is open.</summary>
    private void ConnectAll(List<Peer> peers)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var left = new Dictionary<Peer, Task<Channel>>();
        // What this thread has to write, because PowerShell takes nothing from another one.
        var writing = new BlockingCollection<Action>();
        foreach (var peer in peers)
        {
            left.Add(peer, Task.Factory.StartNew(
                () => Run(peer), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        }

        try
        {
            while (left.Count > 0)
                writing.Take(Cancellation)();
        }
        catch (OperationCanceledException)
        {
            throw new PipelineStoppedException();
        }
        finally
        {
            stop.Cancel();
            foreach (var task in left.Values)
                Drop(task);
        }

        Channel Run(Peer peer)
        {
            using var calls = KernelTrace.Listen(call => writing.Add(() => WriteVerbose($"{peer.Name}: {call}")));
            try
            {
                return Connect(peer.Target, stop.Token);
            }
            finally
            {
                writing.Add(() =>
                {
                    left.Remove(peer, out var task);
                    Try(peer.Name, () => WriteObject(task!.GetAwaiter().GetResult()));
                });
            }
        }
    }

    /// <summary>Ends a channel that cannot be written any more.</summary>
    private static void Drop(Task<Channel> connecting)
    {
        try
        {
            connecting.GetAwaiter().GetResult().Dispose();
        }
#pragma warning disable CA1031 // The command has ended for another reason.
        catch
#pragma warning restore CA1031
        {
            // There is none.
        }
    }

    private sealed record Peer(string Name, ChannelTarget Target);
}
