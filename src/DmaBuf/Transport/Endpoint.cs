using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using DmaBuf.Errors;
using DmaBuf.Waits;
using Socket = DmaBuf.Interop.Socket;
using SocketAddress = DmaBuf.Interop.SocketAddress;

namespace DmaBuf.Transport;

/// <summary>The transport that an address names.</summary>
public enum EndpointKind
{
    /// <summary>A unix stream socket: the only kind that carries descriptors.</summary>
    Unix,

    /// <summary>TCP over IPv4 or IPv6.</summary>
    Tcp,

    /// <summary>A vsock stream between a virtual machine and its host.</summary>
    Vsock,

    /// <summary>Xen's vchan: memory that two domains share.</summary>
    Vchan,
}

/// <summary>Which side of the connection an address names.</summary>
public enum EndpointRole
{
    /// <summary>Connects to a peer that listens.</summary>
    Connect,

    /// <summary>Listens for peers.</summary>
    Listen,

    /// <summary>Connects, or listens where nothing listens yet (<c>unix:</c>).</summary>
    ConnectOrListen,
}

/// <summary>
/// A parsed address: <c>unix:PATH</c>, <c>unixd:PATH</c>, <c>tcp:HOST:PORT</c>, <c>tcpd:HOST:PORT</c>,
/// <c>vsock:CID:PORT</c>, <c>vsockd:CID:PORT</c>, <c>vchan:DOMAIN:NAME</c>, <c>vchand:DOMAIN:NAME</c>. The schemes that
/// end in <c>d</c> listen. Slashes before HOST, CID or DOMAIN are skipped; a PATH is used as written; an IPv6 HOST is
/// written in brackets.
/// </summary>
public sealed record Endpoint
{
    private const string SchemeAction =
        "Use unix:PATH, unixd:PATH, tcp:HOST:PORT, tcpd:HOST:PORT, vsock:CID:PORT, vsockd:CID:PORT, "
        + "vchan:DOMAIN:NAME, vchand:DOMAIN:NAME or xenstore:NAME.";
    private readonly string _text;

    private Endpoint(string text, EndpointKind kind, EndpointRole role)
    {
        _text = text;
        Kind = kind;
        Role = role;
    }

    /// <summary>The schemes, as they are typed before the colon.</summary>
    public static IReadOnlyList<string> Schemes { get; } = 
        ["unix", "unixd", "tcp", "tcpd", "vsock", "vsockd", "vchan", "vchand"];

    /// <summary>The transport.</summary>
    public EndpointKind Kind { get; }

    /// <summary>Which side this is.</summary>
    public EndpointRole Role { get; }

    /// <summary>The socket's path (unix), else empty.</summary>
    public string Path { get; private init; } = "";

    /// <summary>The host's name or address without brackets (tcp), else empty.</summary>
    public string Host { get; private init; } = "";

    /// <summary>The context id (vsock); 0xFFFFFFFF listens on any.</summary>
    public uint Cid { get; private init; }

    /// <summary>The port (tcp: 1 to 65535, vsock: 0 to 0xFFFFFFFE).</summary>
    public uint Port { get; private init; }

    /// <summary>The other domain's id or name (vchan), else empty.</summary>
    public string Domain { get; private init; } = "";

    /// <summary>The name that both sides use, or an absolute path in xenstore (vchan), else empty.</summary>
    public string Name { get; private init; } = "";

    /// <summary>Parses an address.</summary>
    /// <param name="address">The address.</param>
    /// <param name="directory">The folder that a relative unix PATH starts from; null leaves it to the kernel.</param>
    /// <exception cref="AddressException">
    /// It is not an address; <see cref="AddressException.Fault"/> says why.
    /// </exception>
    public static Endpoint Parse(string address, string? directory = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        var colon = address.IndexOf(':', StringComparison.Ordinal);
        var rest = address[(colon + 1)..];
        return (colon < 0 ? "" : address[..colon]) switch
        {
            "unix" => Unix(address, rest, EndpointRole.ConnectOrListen, directory),
            "unixd" => Unix(address, rest, EndpointRole.Listen, directory),
            "tcp" => Tcp(address, rest.TrimStart('/'), EndpointRole.Connect),
            "tcpd" => Tcp(address, rest.TrimStart('/'), EndpointRole.Listen),
            "vsock" => Vsock(address, rest.TrimStart('/'), EndpointRole.Connect),
            "vsockd" => Vsock(address, rest.TrimStart('/'), EndpointRole.Listen),
            "vchan" => Vchan(address, rest.TrimStart('/'), EndpointRole.Connect),
            "vchand" => Vchan(address, rest.TrimStart('/'), EndpointRole.Listen),
            _ => throw new AddressException(AddressFault.UnknownScheme, address, "the scheme is unknown", SchemeAction),
        };
    }

    /// <summary>The address as given.</summary>
    public override string ToString() => _text;

    /// <summary>The socket addresses to try, in order; a host's name may stand for several.</summary>
    /// <exception cref="AddressException">BadHost: no name server knows the host.</exception>
    /// <exception cref="WaitTimeoutException">No name server answered in time.</exception>
    internal IReadOnlyList<(int Family, byte[] Address)> Resolve(WaitLimit limit) => Kind switch
    {
        EndpointKind.Unix => [(Socket.AF_UNIX, SocketAddress.Unix(Path))],
        EndpointKind.Vsock => [(Socket.AF_VSOCK, SocketAddress.Vsock(Cid, Port))],
        _ => [.. HostAddresses(limit)
            .Select(host => (SocketAddress.Family(host), SocketAddress.Internet(host, (int)Port)))],
    };

    private static Endpoint Unix(string address, string path, EndpointRole role, string? directory)
    {
        if (path.Length == 0 || path.Contains('\0', StringComparison.Ordinal))
        {
            throw new AddressException(
                AddressFault.BadPath,
                address,
                "the path is missing or contains a NUL",
                "Give the socket's path, such as unixd:/run/dmabuf.sock.");
        }

        if (directory is not null && !System.IO.Path.IsPathRooted(path))
            path = System.IO.Path.Combine(directory, path);
        var length = Encoding.UTF8.GetByteCount(path);
        if (length >= SocketAddress.UNIX_PATH_MAX)
        {
            throw new AddressException(
                AddressFault.PathTooLong,
                address,
                $"the path has {length} bytes, and the kernel takes at most {SocketAddress.UNIX_PATH_MAX - 1}",
                "Use a shorter path, such as one in /run or /tmp.");
        }

        return new Endpoint(address, EndpointKind.Unix, role) { Path = path };
    }

    private static Endpoint Tcp(string address, string rest, EndpointRole role)
    {
        const string Advice = "Write HOST:PORT, and [HOST]:PORT for IPv6: tcp:10.0.3.16:8000, tcpd:[::]:8000.";
        var bracketed = rest.StartsWith('[');
        var end = rest.IndexOf(bracketed ? "]:" : ":", StringComparison.Ordinal);
        if (end < 0)
            throw new AddressException(AddressFault.BadPort, address, "the port is missing", Advice);
        var host = bracketed ? rest[1..end] : rest[..end];
        var port = rest[(bracketed ? end + 2 : end + 1)..];
        if (host.Length == 0 || (bracketed && !IsIPv6(host)))
        {
            throw new AddressException(
                AddressFault.BadHost, address, "the host is missing or, in brackets, not an IPv6 address", Advice);
        }

        if (port.Contains(':', StringComparison.Ordinal))
            throw new AddressException(AddressFault.BadHost, address, "an IPv6 host must be in brackets", Advice);
        if (TryParseNumber(port) is not { } number || number is 0 or > 65535)
        {
            throw new AddressException(
                AddressFault.BadPort, address, $"'{port}' is not a port from 1 to 65535", Advice);
        }

        return new Endpoint(address, EndpointKind.Tcp, role) { Host = host, Port = number };
    }

    private static Endpoint Vsock(string address, string rest, EndpointRole role)
    {
        const string Advice =
            "Write CID:PORT in decimal: vsock:2:8000 reaches the host, vsockd:-1:8000 listens for anyone, CID 1 is "
            + "this machine itself.";
        var parts = rest.Split(':');
        if (parts.Length != 2 || TryParseNumber(parts[1]) is not { } port || port == uint.MaxValue)
        {
            throw new AddressException(
                AddressFault.BadPort, address, "the port is missing or not a number from 0 to 4294967294", Advice);
        }

        var cid = parts[0] == "-1" ? SocketAddress.VMADDR_CID_ANY : TryParseNumber(parts[0]);
        if (cid is null)
            throw new AddressException(AddressFault.BadCid, address, $"'{parts[0]}' is not a context id", Advice);
        return new Endpoint(address, EndpointKind.Vsock, role) { Cid = cid.Value, Port = port };
    }

    private static Endpoint Vchan(string address, string rest, EndpointRole role)
    {
        var colon = rest.IndexOf(':', StringComparison.Ordinal);
        var name = rest[(colon + 1)..];
        if (colon < 1 || name.Length == 0 || !name.All(IsAllowed))
        {
            throw new AddressException(
                AddressFault.BadName,
                address,
                "it is not DOMAIN:NAME with a NAME of letters, digits, '-', '_', '.' or '@'",
                "Write the other domain's id or name and a name that both sides use, such as vchan:alice:frame; an "
                + "absolute path in xenstore can stand for the name.");
        }

        return new Endpoint(address, EndpointKind.Vchan, role) { Domain = rest[..colon], Name = name };

        static bool IsAllowed(char c) =>
            char.IsAsciiLetterOrDigit(c) || "-_.@/".Contains(c, StringComparison.Ordinal);
    }

    private static bool IsIPv6(string host) =>
        IPAddress.TryParse(host, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6;

    private static uint? TryParseNumber(string text) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private IPAddress[] HostAddresses(WaitLimit limit)
    {
        if (IPAddress.TryParse(Host, out var literal))
            return [literal];
        try
        {
            // The C library asks the name servers on a thread of its own, which nothing can end: it is left behind.
            var resolving = Dns.GetHostAddressesAsync(Host, limit.Cancellation);
            return limit.ForTask(resolving, $"a name server to resolve '{Host}'");
        }
        catch (SocketException e)
        {
            throw new AddressException(
                AddressFault.BadHost,
                _text,
                $"the host '{Host}' is unknown",
                "Check the name, or give the host's IP address.",
                e);
        }
    }
}
