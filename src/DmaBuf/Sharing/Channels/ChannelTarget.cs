using System.Globalization;
using DmaBuf.Errors;
using DmaBuf.Transport;
using DmaBuf.Waits;
using DmaBuf.Xen;

namespace DmaBuf.Sharing.Channels;

/// <summary>
/// Where a channel's peer is. A domain's name is looked up at each connection, because a domain that reboots gets a new
/// id.
/// </summary>
public sealed class ChannelTarget
{
    /// <summary>The name of the vchan between two domains.</summary>
    private const string VchanName = "dmabufps";

    private readonly Endpoint? _endpoint;
    private readonly string? _domain;
    private readonly PeerFilter? _from;

    private ChannelTarget(Endpoint? endpoint, string? domain, PeerFilter? from)
    {
        _endpoint = endpoint;
        _domain = domain;
        _from = from;
    }

    /// <summary>The peer at an address.</summary>
    /// <param name="endpoint">The address.</param>
    /// <param name="domain">
    /// The peer's domain by id or name, where the stream does not tell it and pages are to cross (tcp); null without.
    /// </param>
    /// <param name="from">The peers to accept; null for all.</param>
    public static ChannelTarget At(Endpoint endpoint, string? domain = null, PeerFilter? from = null)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        return new ChannelTarget(endpoint, domain, from);
    }

    /// <summary>
    /// A domain, given by id or name, that is reached by vchan. Of the two domains, the one with the lower id listens.
    /// </summary>
    public static ChannelTarget In(string domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        return new ChannelTarget(null, domain, null);
    }

    /// <summary>The peers, as they can be reached now.</summary>
    /// <exception cref="DomainException">Unknown, Own.</exception>
    internal StreamSource Open(NoListener noListener, WaitLimit limit) =>
        new(_endpoint ?? VchanTo(_domain!, limit), noListener, _from);

    /// <summary>The peer's domain as it is now; null where none was named.</summary>
    /// <exception cref="DomainException">Unknown.</exception>
    internal ushort? FindDomain(WaitLimit limit)
    {
        if (_domain is null)
            return null;
        if (XenDomain.TryParse(_domain, out var id))
            return id;
        using var store = XenStore.Open(limit);
        return XenDomain.Find(store, _domain);
    }

    /// <summary>
    /// Whether the peer would still connect there: a vchan's address depends on the domain's id, and ends with the
    /// domain.
    /// </summary>
    /// <exception cref="DomainException">Unknown, Own.</exception>
    internal bool IsStillAt(Endpoint endpoint, WaitLimit limit) =>
        endpoint.Kind != EndpointKind.Vchan
        || (_domain is not null && endpoint.Domain == $"{XenDomain.FindPeer(_domain, limit).Peer}");

    /// <summary>Both sides derive the same from the two ids.</summary>
    private static Endpoint VchanTo(string domain, WaitLimit limit)
    {
        var (own, peer) = XenDomain.FindExporter(domain, limit);
        var scheme = own < peer ? "vchand" : "vchan";
        return Endpoint.Parse(string.Create(CultureInfo.InvariantCulture, $"{scheme}:{peer}:{VchanName}"));
    }
}
