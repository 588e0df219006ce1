using System.Net;
using System.Net.Sockets;
using Xunit;

namespace DmaBufPS.Tests;

/// <summary>Plays the other side of a hand-off, as a program without this module would.</summary>
internal static class Peers
{
    /// <summary>Listens on a unix socket.</summary>
    public static Socket Listen(string path, int backlog = 4)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        socket.Listen(backlog);
        return socket;
    }

    /// <summary>Listens on a free port of the loopback interface.</summary>
    public static Socket ListenOnTcp(int backlog = 4)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen(backlog);
        return socket;
    }

    /// <summary>Returns the port that a socket is bound to.</summary>
    public static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    /// <summary>Returns a port on which nothing listens.</summary>
    public static int FreePort()
    {
        using var socket = ListenOnTcp();
        return PortOf(socket);
    }

    /// <summary>Whether one can connect to a unix socket. Its file is there a moment before.</summary>
    public static bool IsListening(string path)
    {
        // Num RefCount Protocol Flags Type St Inode Path; the flag is __SO_ACCEPTCON of linux/net.h.
        const string AcceptsConnections = "00010000";
        return File.ReadLines("/proc/net/unix")
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Any(words => words is [_, _, _, AcceptsConnections, .., var last] && last == path);
    }

    /// <summary>Connects to a unix socket once somebody listens there.</summary>
    public static Socket Connect(string path) =>
        ConnectOnceHeard(AddressFamily.Unix, new UnixDomainSocketEndPoint(path));

    /// <summary>Connects to a port of the loopback interface once somebody listens there.</summary>
    public static Socket ConnectToTcp(int port) =>
        ConnectOnceHeard(AddressFamily.InterNetwork, new IPEndPoint(IPAddress.Loopback, port));

    /// <summary>Receives only the data byte of a hand-off, so the kernel closes the descriptor.</summary>
    public static void TakeByte(Socket peer)
    {
        var data = new byte[1];
        if (peer.Receive(data) != 1)
            throw new InvalidOperationException("The sender closed the connection.");
    }

    /// <summary>Fails if the other side does not close the connection; drops the data that it sent before.</summary>
    public static void AssertClosed(Socket peer)
    {
        peer.ReceiveTimeout = (int)Eventually.Limit.TotalMilliseconds;
        try
        {
            while (peer.Receive(new byte[65536]) > 0)
            {
            }
        }
        catch (SocketException e)
        {
            // The other side closed it with unread data.
            Assert.Equal(SocketError.ConnectionReset, e.SocketErrorCode);
        }
    }

    private static Socket ConnectOnceHeard(AddressFamily family, EndPoint address)
    {
        Socket? connected = null;
        Eventually.True(() => (connected = TryConnect(family, address)) is not null, $"something listens on {address}");
        return connected!;
    }

    private static Socket? TryConnect(AddressFamily family, EndPoint address)
    {
        var socket = new Socket(family, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(address);
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }
}
