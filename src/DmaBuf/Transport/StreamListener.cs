using DmaBuf.Errors;
using DmaBuf.Waits;

namespace DmaBuf.Transport;

/// <summary>Listens for peers at one address.</summary>
public abstract class StreamListener : IDisposable
{
    private protected StreamListener(Endpoint endpoint) => Endpoint = endpoint;

    /// <summary>The address.</summary>
    public Endpoint Endpoint { get; }

    /// <summary>
    /// Listens. A socket file that no process has open is replaced; anything else at the path is left alone.
    /// </summary>
    /// <exception cref="KernelException">socket, bind: EADDRINUSE, EACCES, ENOENT, EADDRNOTAVAIL.</exception>
    /// <exception cref="AddressException">NotASocket: the path exists and is something else. BadHost.</exception>
    /// <exception cref="WaitTimeoutException">No name server resolved the host in time.</exception>
    public static StreamListener Listen(Endpoint endpoint, WaitLimit? limit = null)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        using var unlimited = new WaitLimit();
        limit ??= unlimited;
        return endpoint.Kind == EndpointKind.Vchan
            ? VchanListener.Open(endpoint, limit)
            : SocketListener.Listen(endpoint, limit);
    }

    /// <summary>Waits for a peer to connect.</summary>
    /// <exception cref="WaitTimeoutException">No peer came in time.</exception>
    /// <exception cref="KernelException">accept4: EMFILE, ENFILE, ENOMEM.</exception>
    public abstract ByteStream Accept(WaitLimit limit);

    /// <summary>Stops listening.</summary>
    public abstract void Dispose();
}
