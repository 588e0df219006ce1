using System.Net;
using System.Net.Sockets;
using Xunit;

namespace DmaBufPS.Tests;

/// <summary>The other side of a hand-off, as a program that is not this module would be it.</summary>
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

    /// <summary>The port that a socket is bound to.</summary>
    public static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    /// <summary>A port on which nothing listens.</summary>
    public static int FreePort()
    {
        using var socket = ListenOnTcp();
        return PortOf(socket);
    }

    /// <summary>Connects to a unix socket once somebody listens there.</summary>
    public static Socket Connect(string path) =>
        ConnectOnceHeard(AddressFamily.Unix, new UnixDomainSocketEndPoint(path));

    /// <summary>Connects to a port of the loopback interface once somebody listens there.</summary>
    public static Socket ConnectToTcp(int port) =>
        ConnectOnceHeard(AddressFamily.InterNetwork, new IPEndPoint(IPAddress.Loopback, port));

    /// <summary>Takes the data byte of a hand-off. The kernel closes a descriptor that is not asked for.</summary>
    public static void TakeByte(Socket peer)
    {
        var data = new byte[1];
        if (peer.Receive(data) != 1)
            throw new InvalidOperationException("The sender closed the connection.");
    }

    /// <summary>Fails if the other side does not close the connection. What it sent before that is dropped.</summary>
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
            // It was closed while it had data that was not read.
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
