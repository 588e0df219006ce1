using System.Net.Sockets;

namespace DmaBuf.Lab;

/// <summary>One port of a machine: a socket on this computer, a device file in the machine.</summary>
internal sealed class GuestChannel
{
    private readonly string _path;

    /// <summary>Describes a channel; QEMU makes its socket in the folder.</summary>
    public GuestChannel(string folder, string name)
    {
        Name = name;
        _path = Path.Combine(folder, name);
    }

    /// <summary>The channel's name.</summary>
    public string Name { get; }

    /// <summary>Returns QEMU's arguments for the channel; the number determines the device file's name.</summary>
    public string[] Arguments(int number) =>
    [
        "-chardev", $"socket,id={Name},path={_path.Replace(",", ",,", StringComparison.Ordinal)},server=on,wait=off",
        "-device", $"virtserialport,chardev={Name},nr={number}",
    ];

    /// <summary>Connects, after waiting for QEMU to start and make the socket.</summary>
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
