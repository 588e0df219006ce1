using System.Globalization;
using System.Net;
using DmaBuf.Errors;
using DmaBuf.Interop;
using SocketAddress = DmaBuf.Interop.SocketAddress;

namespace DmaBuf.Transport;

/// <summary>
/// Which peers to accept at an address: an IP address or range (<c>10.0.3.0/24</c>) for tcp, a user's name or number
/// for unix, a context id for vsock.
/// </summary>
public sealed class PeerFilter
{
    private readonly string _text;
    private readonly Predicate<PeerIdentity> _isWanted;

    private PeerFilter(string text, Predicate<PeerIdentity> isWanted)
    {
        _text = text;
        _isWanted = isWanted;
    }

    /// <summary>Parses the text for one kind of address.</summary>
    /// <exception cref="AddressException">BadPeer.</exception>
    public static PeerFilter Parse(string text, EndpointKind kind)
    {
        ArgumentNullException.ThrowIfNull(text);
        return kind switch
        {
            EndpointKind.Tcp => OfNetwork(text),
            EndpointKind.Unix when UserId(text) is { } user => new PeerFilter(text, peer => peer.UserId == user),
            EndpointKind.Unix => throw Bad(
                text, "there is no such user", "Give a user's name from /etc/passwd, or a number."),
            EndpointKind.Vchan => throw Bad(
                text, "only the domain in the address can connect", "Leave it out."),
            _ when Number(text) is { } cid => new PeerFilter(text, peer => peer.Cid == cid),
            _ => throw Bad(text, "it is not a context id", "Give the peer's CID: a guest's, or 2 for the host."),
        };
    }

    /// <summary>
    /// A guest's kernel and its root: its context id, and a port below 1024, which takes CAP_NET_BIND_SERVICE there.
    /// </summary>
    internal static PeerFilter OfGuestRoot(uint cid) => new(
        $"root of the guest with CID {cid} (which uses a port below 1024)",
        peer => peer.Cid == cid && peer.Port <= SocketAddress.LAST_RESERVED_PORT);

    /// <summary>Whether a peer is wanted.</summary>
    public bool IsWanted(PeerIdentity peer) => _isWanted(peer);

    /// <summary>The text as given.</summary>
    public override string ToString() => _text;

    /// <summary>IPv4-mapped addresses count as IPv4 addresses: a listener on [::] sees IPv4 hosts that way.</summary>
    private static PeerFilter OfNetwork(string text)
    {
        if (IPAddress.TryParse(text, out var address))
            return new PeerFilter(text, peer => peer.Host is { } host && Plain(host.Address).Equals(Plain(address)));
        return IPNetwork.TryParse(text, out var network)
            ? new PeerFilter(text, peer => peer.Host is { } host && network.Contains(Plain(host.Address)))
            : throw Bad(text, "it is not an IP address or range", "Write 10.0.3.16, 10.0.3.0/24 or fd00::/64.");
    }

    private static IPAddress Plain(IPAddress address) =>
        address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : new IPAddress(address.GetAddressBytes());

    private static uint? UserId(string text) => Number(text) ?? Passwd.IdOf(text);

    private static uint? Number(string text) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static AddressException Bad(string text, string reason, string action) =>
        new(AddressFault.BadPeer, text, reason, action);
}
