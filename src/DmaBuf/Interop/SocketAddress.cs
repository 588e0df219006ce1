using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace DmaBuf.Interop;

/// <summary>
/// The socket addresses of sys/un.h, netinet/in.h and linux/vm_sockets.h, as the bytes that the kernel takes.
/// </summary>
internal static class SocketAddress
{
    /// <summary>The room for a path in struct sockaddr_un, including its terminating NUL.</summary>
    public const int UNIX_PATH_MAX = 108;

    /// <summary>Any vsock context (VMADDR_CID_ANY): the address to listen on.</summary>
    public const uint VMADDR_CID_ANY = uint.MaxValue;

    /// <summary>The host of a vsock guest; 1 is the machine itself (VMADDR_CID_LOCAL).</summary>
    public const uint VMADDR_CID_HOST = 2;

    /// <summary>The last vsock port that takes CAP_NET_BIND_SERVICE to bind (net/vmw_vsock/af_vsock.c).</summary>
    public const uint LAST_RESERVED_PORT = 1023;

    private const int SizeOfSockaddrIn = 16;
    private const int SizeOfSockaddrIn6 = 28;
    private const int SizeOfSockaddrVm = 16;

    /// <summary>struct sockaddr_un; the path ends with a NUL.</summary>
    public static byte[] Unix(string path)
    {
        var address = new byte[sizeof(ushort) + Encoding.UTF8.GetByteCount(path) + 1];
        WriteFamily(address, Socket.AF_UNIX);
        Encoding.UTF8.GetBytes(path, address.AsSpan(sizeof(ushort)));
        return address;
    }

    /// <summary>struct sockaddr_in or sockaddr_in6; the port and the address are big-endian.</summary>
    public static byte[] Internet(IPAddress host, int port)
    {
        var isV6 = host.AddressFamily == AddressFamily.InterNetworkV6;
        var address = new byte[isV6 ? SizeOfSockaddrIn6 : SizeOfSockaddrIn];
        WriteFamily(address, Family(host));
        BinaryPrimitives.WriteUInt16BigEndian(address.AsSpan(2), (ushort)port);
        if (isV6)
        {
            host.TryWriteBytes(address.AsSpan(8), out _);
            var scope = (uint)host.ScopeId;
            MemoryMarshal.Write(address.AsSpan(24), in scope);
        }
        else
        {
            host.TryWriteBytes(address.AsSpan(4), out _);
        }

        return address;
    }

    /// <summary>struct sockaddr_vm.</summary>
    public static byte[] Vsock(uint cid, uint port)
    {
        var address = new byte[SizeOfSockaddrVm];
        WriteFamily(address, Socket.AF_VSOCK);
        MemoryMarshal.Write(address.AsSpan(4), in port);
        MemoryMarshal.Write(address.AsSpan(8), in cid);
        return address;
    }

    /// <summary>The host and port of a struct sockaddr_in or sockaddr_in6; null for another family.</summary>
    public static IPEndPoint? ToInternet(ReadOnlySpan<byte> address) => FamilyOf(address) switch
    {
        Socket.AF_INET => new IPEndPoint(
            new IPAddress(address[4..8]), BinaryPrimitives.ReadUInt16BigEndian(address[2..])),
        Socket.AF_INET6 => new IPEndPoint(
            new IPAddress(address[8..24], MemoryMarshal.Read<uint>(address[24..])),
            BinaryPrimitives.ReadUInt16BigEndian(address[2..])),
        _ => null,
    };

    /// <summary>The context id and the port of a struct sockaddr_vm; null for another family.</summary>
    public static (uint Cid, uint Port)? ToVsock(ReadOnlySpan<byte> address) =>
        FamilyOf(address) == Socket.AF_VSOCK
            ? (MemoryMarshal.Read<uint>(address[8..]), MemoryMarshal.Read<uint>(address[4..]))
            : null;

    /// <summary>AF_INET or AF_INET6.</summary>
    public static int Family(IPAddress host) =>
        host.AddressFamily == AddressFamily.InterNetworkV6 ? Socket.AF_INET6 : Socket.AF_INET;

    private static int FamilyOf(ReadOnlySpan<byte> address) =>
        address.IsEmpty ? 0 : MemoryMarshal.Read<ushort>(address);

    private static void WriteFamily(byte[] address, int family)
    {
        var value = (ushort)family;
        MemoryMarshal.Write(address, in value);
    }
}
