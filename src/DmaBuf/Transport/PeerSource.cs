using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Waits;

namespace DmaBuf.Transport;

/// <summary>
/// Peers at one address, one after another, by whichever role the address names. A listener stays open between peers,
/// so that the next one can connect while this one is served.
/// </summary>
public sealed class PeerSource : IDisposable
{
    private const int RetryMilliseconds = 50;
    private const int BusyTries = 20;
    private readonly bool _patient;
    private PeerListener? _listener;
    private int _busy;

    /// <param name="endpoint">The address.</param>
    /// <param name="patient">Where nothing listens: wait until something does, rather than fail or listen here.</param>
    public PeerSource(Endpoint endpoint, bool patient = false)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        Endpoint = endpoint;
        _patient = patient;
    }

    /// <summary>The address.</summary>
    public Endpoint Endpoint { get; }

    /// <summary>The next peer.</summary>
    /// <exception cref="KernelException">Connecting or listening failed.</exception>
    /// <exception cref="AddressException">The address cannot be used.</exception>
    /// <exception cref="WaitTimeoutException">No peer in time.</exception>
    public PeerConnection Next(WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        while (true)
        {
            if (Endpoint.Role == EndpointRole.Listen)
                _listener ??= PeerListener.Listen(Endpoint, limit);
            if (_listener is not null)
                return _listener.Accept(limit);

            try
            {
                return PeerConnection.Connect(Endpoint, limit);
            }
            catch (KernelException e) when (NobodyListens(e) && Endpoint.Role == EndpointRole.ConnectOrListen && !_patient)
            {
                TryListen(limit);
            }
            catch (KernelException e) when (NobodyListens(e) && _patient)
            {
                limit.Pause(RetryMilliseconds, $"a listener at {Endpoint}");
            }
        }
    }

    /// <summary>Stops listening.</summary>
    public void Dispose() => _listener?.Dispose();

    private static bool NobodyListens(KernelException e) =>
        e.Call == "connect" && e.Errno is Errno.ENOENT or Errno.ECONNREFUSED or Errno.ECONNRESET;

    /// <summary>Listens, unless the peer did so in the meantime: then the next connect reaches it.</summary>
    private void TryListen(WaitLimit limit)
    {
        try
        {
            _listener = PeerListener.Listen(Endpoint, limit);
        }
        catch (KernelException e) when (e.Call == "bind" && e.Errno == Errno.EADDRINUSE && _busy++ < BusyTries)
        {
            limit.Pause(RetryMilliseconds, $"a peer at {Endpoint}");
        }
    }
}
