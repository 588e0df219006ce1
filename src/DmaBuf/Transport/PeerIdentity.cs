using System.Net;
using DmaBuf.Interop;
using SocketAddress = DmaBuf.Interop.SocketAddress;

namespace DmaBuf.Transport;

/// <summary>Who is at the other end of a stream, as the kernel reports it.</summary>
public sealed record PeerIdentity
{
    private PeerIdentity()
    {
    }

    /// <summary>The host and port (tcp), or null.</summary>
    public IPEndPoint? Host { get; private init; }

    /// <summary>The process that connected or listened (unix), or null.</summary>
    public int? ProcessId { get; private init; }

    /// <summary>The user it runs as (unix), or null.</summary>
    public uint? UserId { get; private init; }

    /// <summary>Whether it runs as root, or as the user that this process runs as (unix).</summary>
    public bool IsOwnUser => UserId is { } user && (user == 0 || user == Unistd.EffectiveUserId);

    /// <summary>The context id (vsock), or null.</summary>
    public uint? Cid { get; private init; }

    /// <summary>The port (vsock), or null. One below 1024 takes CAP_NET_BIND_SERVICE in the peer's system.</summary>
    public uint? Port { get; private init; }

    /// <summary>The Xen domain (vchan), or null.</summary>
    public ushort? Domain { get; private init; }

    /// <summary>The address, the process and user, the context id or the domain.</summary>
    public override string ToString() => this switch
    {
        { Host: { } host } => $"{host}",
        { ProcessId: { } id } => $"pid {id}, uid {UserId}",
        { Cid: { } cid } => $"CID {cid}",
        { Domain: { } domain } => $"domain {domain}",
        _ => "unknown peer",
    };

    internal static PeerIdentity OfDomain(ushort domain) => new() { Domain = domain };

    internal static PeerIdentity Of(FileDescriptor socket, EndpointKind kind) => kind switch
    {
        EndpointKind.Unix when Socket.PeerCredentials(socket, out var who) =>
            new() { ProcessId = who.pid, UserId = who.uid },
        EndpointKind.Tcp => new() { Host = SocketAddress.ToInternet(Socket.PeerName(socket)) },
        EndpointKind.Vsock when SocketAddress.ToVsock(Socket.PeerName(socket)) is { } vsock =>
            new() { Cid = vsock.Cid, Port = vsock.Port },
        _ => new(),
    };
}
