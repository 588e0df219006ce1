using System.Globalization;
using DmaBuf.Errors;
using DmaBuf.Waits;
using DmaBuf.Xen;

namespace DmaBuf.Transport;

/// <summary>Where two domains find each other's vchan: libxenvchan's nodes in xenstore.</summary>
internal sealed record VchanNodes
{
    /// <summary>libxenvchan has room for 63 characters of a path that ends in <c>/event-channel</c>.</summary>
    private const int MaxPath = 49;
    private readonly string _path;
    private readonly bool _isOwnPath;

    private VchanNodes(ushort own, ushort peer, string path, bool isOwnPath)
    {
        Own = own;
        Peer = peer;
        _path = path;
        _isOwnPath = isOwnPath;
    }

    /// <summary>This domain.</summary>
    public ushort Own { get; }

    /// <summary>The other domain.</summary>
    public ushort Peer { get; }

    private string RingRef => $"{_path}/ring-ref";

    private string Channel => $"{_path}/event-channel";

    /// <summary>
    /// The nodes of an address: <c>/local/domain/SERVER/data/vchan/CLIENT/NAME</c>, or below the path given.
    /// </summary>
    /// <exception cref="AddressException">BadName: the path is too long.</exception>
    /// <exception cref="DomainException">Unknown, Own.</exception>
    public static VchanNodes Of(Endpoint endpoint, WaitLimit limit)
    {
        var (own, peer) = XenDomain.FindPeer(endpoint.Domain, limit);
        var (server, client) = endpoint.Role == EndpointRole.Listen ? (own, peer) : (peer, own);
        var isOwnPath = !endpoint.Name.StartsWith('/');
        var path = !isOwnPath
            ? endpoint.Name
            : $"/local/domain/{server}/data/vchan/{client}/{endpoint.Name}";
        return path.Length <= MaxPath
            ? new VchanNodes(own, peer, path, isOwnPath)
            : throw new AddressException(
                AddressFault.BadName,
                endpoint.ToString(),
                $"the path {path} has {path.Length} characters, and libxenvchan takes at most {MaxPath}",
                "Use a shorter name.");
    }

    /// <summary>What a server offers; null where it offers nothing, or nothing that this domain may read.</summary>
    public (uint RingRef, uint Port)? Read(XenStore store) =>
        uint.TryParse(store.ReadIfAllowed(RingRef), CultureInfo.InvariantCulture, out var ringRef)
        && uint.TryParse(store.ReadIfAllowed(Channel), CultureInfo.InvariantCulture, out var port)
            ? (ringRef, port)
            : null;

    /// <summary>Offers a server's memory and event channel to the peer alone.</summary>
    /// <exception cref="XenStoreException">Refused.</exception>
    public void Write(XenStore store, uint ringRef, uint port) => store.Transact(_path, () =>
    {
        foreach (var (node, value) in new[] { (RingRef, ringRef), (Channel, port) })
        {
            store.Write(node, value.ToString(CultureInfo.InvariantCulture));
            store.SetPermissions(node, Own, Peer, peerMayWrite: false);
        }
    });

    /// <summary>
    /// Removes a server's nodes, if they are still its own, and the nodes above them that are then empty, other than
    /// those of a path that was given.
    /// </summary>
    /// <exception cref="XenStoreException">Refused.</exception>
    public void Remove(XenStore store, uint ringRef, uint port) => store.Transact(_path, () =>
    {
        if (Read(store) != (ringRef, port))
            return;
        store.Remove(RingRef);
        store.Remove(Channel);
        store.RemoveIfEmpty(_path);
        for (var (parent, levels) = (_path, _isOwnPath ? 2 : 0); levels > 0; levels--)
        {
            parent = parent[..parent.LastIndexOf('/')];
            store.RemoveIfEmpty(parent);
        }
    });
}
