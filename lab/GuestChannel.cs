using System.Net.Sockets;

namespace DmaBuf.Lab;

/// <summary>One port of a machine: a socket of this computer here, a device file there.</summary>
internal sealed class GuestChannel
{
    private readonly string _path;

    /// <summary>Names a channel whose socket QEMU makes in the folder.</summary>
    public GuestChannel(string folder, string name)
    {
        Name = name;
        _path = Path.Combine(folder, name);
    }

    /// <summary>The channel's name.</summary>
    public string Name { get; }

    /// <summary>QEMU's arguments that make the channel's two ends; the number fixes the device file's name.</summary>
    public string[] Arguments(int number) =>
    [
        "-chardev", $"socket,id={Name},path={_path.Replace(",", ",,", StringComparison.Ordinal)},server=on,wait=off",
        "-device", $"virtserialport,chardev={Name},nr={number}",
    ];

    /// <summary>Connects; waits for QEMU, which makes the socket when it starts.</summary>
    public async Task<NetworkStream> ConnectAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(_path), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException)
            {
                socket.Dispose();
                await Task.Delay(20, cancellationToken);
            }
        }
    }
}
