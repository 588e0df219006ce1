using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Tracing;
using DmaBuf.Waits;

namespace DmaBuf.Transport;

/// <summary>
/// The peers at one address, one after another, by whichever role the address names. A listener stays open between
/// peers, so that the next one can connect while the current one is being handled.
/// </summary>
public sealed class StreamSource : IDisposable
{
    private const int RetryMilliseconds = 50;
    private const int BusyTries = 20;

    /// <summary>
    /// How many peers in a row may leave without reading what they are sent before the other side counts as refusing
    /// it. A listener that is just closing accounts for one.
    /// </summary>
    private const int MaxRefusals = 3;

    private readonly NoListener _noListener;
    private StreamListener? _listener;
    private int _busy;

    /// <param name="endpoint">The address.</param>
    /// <param name="noListener">What to do where nothing listens.</param>
    /// <param name="from">The peers to accept; null for all.</param>
    public StreamSource(
        Endpoint endpoint, NoListener noListener = NoListener.ListenOrFail, PeerFilter? from = null)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        Endpoint = endpoint;
        _noListener = noListener;
        From = from;
    }

    /// <summary>The address.</summary>
    public Endpoint Endpoint { get; }

    /// <summary>The peers to accept; null for all.</summary>
    internal PeerFilter? From { get; set; }

    /// <summary>Whether this side listens, so that another peer can follow one that failed.</summary>
    public bool IsListening => _listener is not null;

    /// <summary>
    /// How many peers in a row have reset the connection or not read what they were sent, since whoever uses this
    /// source set it to 0.
    /// </summary>
    internal int Refusals { get; set; }

    /// <summary>
    /// Whether another peer can follow one that does not read what it is sent: any number of them where this side
    /// listens, and a few where it connects and waits for a listener.
    /// </summary>
    internal bool CanFollow => IsListening || (WaitsForListener && !IsLastRefusal);

    /// <summary>Whether this side connects, and waits for a listener.</summary>
    private bool WaitsForListener => IsConnecting
        && (_noListener == NoListener.Wait
            || (_noListener == NoListener.ListenOrWait && Endpoint.Role == EndpointRole.Connect));

    private bool IsLastRefusal => Refusals + 1 >= MaxRefusals;

    private bool IsConnecting => !IsListening && Endpoint.Role != EndpointRole.Listen;

    /// <summary>Connects to the next peer, or accepts it. Peers that the filter does not accept are closed.</summary>
    /// <exception cref="KernelException">Connecting or listening failed.</exception>
    /// <exception cref="AddressException">The address cannot be used.</exception>
    /// <exception cref="PeerException">Unwanted: the filter does not accept the peer that was connected to.</exception>
    /// <exception cref="WaitTimeoutException">No peer came in time.</exception>
    public ByteStream Next(WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        while (true)
        {
            limit.Pause(0, $"a peer at {Endpoint}");
            var stream = NextOfAll(limit);
            KernelTrace.Write($"connected: {stream.Peer}");
            if (From?.IsWanted(stream.Remote) ?? true)
                return stream;
            stream.Dispose();
            KernelTrace.Write($"closed: {stream.Remote} is not {From}");
            if (!IsListening)
            {
                throw new PeerException(PeerFault.Unwanted, stream.Peer, $"is not {From}",
                    "Check the address, and who listens there.");
            }
        }
    }

    /// <summary>
    /// Works with the next peer. If this side connects and may wait or listen instead of failing, a peer that resets
    /// the connection before it sends anything may be a listener that was just closing, and this side tries again.
    /// </summary>
    /// <param name="work">Works with the stream, which is closed if this fails.</param>
    /// <param name="sends">
    /// Whether the work begins by sending: several resets in a row are then a refusal, and the last one is reported.
    /// </param>
    /// <param name="limit">The time limit.</param>
    /// <exception cref="KernelException">Connecting or listening failed, or <paramref name="work"/> did.</exception>
    internal T WithNext<T>(Func<ByteStream, T> work, bool sends, WaitLimit limit)
    {
        while (true)
        {
            var stream = NextAfterRefusals(limit);
            try
            {
                return work(stream);
            }
            catch (KernelException e) when (
                IsConnecting && _noListener != NoListener.ListenOrFail && !(sends && IsLastRefusal)
                && stream is { IsReset: true, HasReceived: false } && IsOfStream(e))
            {
                Refusals++;
                stream.Dispose();
                KernelTrace.Write($"closed: {e.Message}");
            }
            catch
            {
                stream.Dispose();
                throw;
            }
        }
    }

    /// <summary>Stops listening.</summary>
    public void Dispose() => _listener?.Dispose();

    private static bool IsOfStream(KernelException e) => e.Call is "recv" or "recvmsg" or "send" or "sendmsg";

    private static bool NobodyListens(KernelException e) =>
        e.Call == "connect" && e.Errno is Errno.ENOENT or Errno.ECONNREFUSED or Errno.ECONNRESET;

    private ByteStream NextAfterRefusals(WaitLimit limit)
    {
        if (Refusals == 0)
            return Next(limit);
        try
        {
            limit.Pause(RetryMilliseconds, $"a peer at {Endpoint}");
            return Next(limit);
        }
        catch (WaitTimeoutException e)
        {
            throw e.AfterReset();
        }
    }

    private ByteStream NextOfAll(WaitLimit limit)
    {
        while (true)
        {
            if (Endpoint.Role == EndpointRole.Listen)
                _listener ??= StreamListener.Listen(Endpoint, limit);
            if (_listener is not null)
                return _listener.Accept(limit);

            try
            {
                return StreamConnector.Connect(Endpoint, limit);
            }
            catch (KernelException e) when (NobodyListens(e) && WaitsForListener)
            {
                limit.Pause(RetryMilliseconds, $"a listener at {Endpoint}");
            }
            catch (KernelException e) when (NobodyListens(e) && Endpoint.Role == EndpointRole.ConnectOrListen)
            {
                TryListen(limit);
            }
        }
    }

    /// <summary>Listens, unless the peer began to do so in the meantime: then the next connect reaches it.</summary>
    private void TryListen(WaitLimit limit)
    {
        try
        {
            _listener = StreamListener.Listen(Endpoint, limit);
        }
        catch (KernelException e) when (e.Call == "bind" && e.Errno == Errno.EADDRINUSE && _busy++ < BusyTries)
        {
            limit.Pause(RetryMilliseconds, $"a peer at {Endpoint}");
        }
    }
}
