using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Waits;

namespace DmaBuf.Transport;

/// <summary>
/// A connected stream to one peer. One thread may read it while another writes, each with a time limit of its own.
/// Disposing it ends their waits and tells the peer that this side is done.
/// </summary>
public abstract class ByteStream : IDisposable
{
    private protected ByteStream(Endpoint endpoint, PeerIdentity remote)
    {
        Endpoint = endpoint;
        Remote = remote;
        Peer = $"{endpoint} ({remote})";
    }

    /// <summary>The address that the connection was made with.</summary>
    public Endpoint Endpoint { get; }

    /// <summary>Who is at the other end.</summary>
    public PeerIdentity Remote { get; }

    /// <summary>What messages call the peer: the address, and who is at the other end.</summary>
    public string Peer { get; }

    /// <summary>
    /// Whether the peer reset the connection, which on unix sockets, TCP and vchan means that it closed with unread
    /// data.
    /// </summary>
    public abstract bool IsReset { get; }

    /// <summary>True once any bytes have been received.</summary>
    public bool HasReceived { get; private protected set; }

    /// <summary>
    /// Whether the peer has closed its end, if only half of it, or is gone. Nothing is read: what the peer sent can
    /// still be received. For a stream that this side disposed: whether that was seen before.
    /// </summary>
    internal abstract bool HasEnded { get; }

    /// <summary>Sends all bytes.</summary>
    /// <exception cref="KernelException">send: EPIPE, ECONNRESET.</exception>
    /// <exception cref="WaitTimeoutException">The peer did not read in time.</exception>
    public abstract void Send(ReadOnlySpan<byte> bytes, WaitLimit limit);

    /// <summary>Receives the bytes that have arrived, at most the buffer's length; 0 at the stream's end.</summary>
    /// <exception cref="KernelException">recv: ECONNRESET.</exception>
    /// <exception cref="WaitTimeoutException">Nothing arrived in time.</exception>
    public abstract int Receive(Span<byte> buffer, WaitLimit limit);

    /// <summary>Receives until the buffer is full, or the stream ends.</summary>
    /// <returns>How many bytes are missing.</returns>
    /// <inheritdoc cref="Receive"/>
    internal int ReceiveAll(Span<byte> buffer, WaitLimit limit)
    {
        while (!buffer.IsEmpty)
        {
            var received = Receive(buffer, limit);
            if (received == 0)
                break;
            buffer = buffer[received..];
        }

        return buffer.Length;
    }

    /// <summary>Closes this side.</summary>
    public abstract void Dispose();

    /// <summary>
    /// Raised when this side closes the stream, on the thread that does so. The descriptor is disposed by then, but
    /// a poll may keep it open a little longer.
    /// </summary>
    internal event Action<ByteStream>? Closed;

    private protected void RaiseClosed() => Closed?.Invoke(this);

    /// <summary>
    /// A descriptor for poll: of a stream that is used only without blocking and by nobody who waits, or to learn of
    /// the peer's end.
    /// </summary>
    internal abstract FileDescriptor Descriptor { get; }

    /// <summary>The events to poll for; the others that matter come by themselves.</summary>
    internal abstract short EventsFor(bool writing);

    /// <summary>Whether a poll reports what was there before and was not read.</summary>
    internal virtual bool TellsOfUnread => true;

    /// <summary>Takes note of an event that the poll reported, before the stream is used.</summary>
    internal virtual void TakeEvent()
    {
    }

    /// <summary>Whether the peer can vanish without an event; see <see cref="LookForPeer"/>.</summary>
    internal virtual bool CanVanish => false;

    /// <summary>
    /// Finds out whether the peer is still there where it can vanish without an event, so that
    /// <see cref="HasEnded"/> tells.
    /// </summary>
    internal virtual void LookForPeer(WaitLimit limit)
    {
    }

    /// <summary>Sends what goes without blocking.</summary>
    /// <returns>The number of bytes; 0 where none goes now, and an event will tell when some do.</returns>
    /// <exception cref="KernelException">send: EPIPE, ECONNRESET.</exception>
    internal abstract int TrySend(ReadOnlySpan<byte> bytes);

    /// <summary>Receives what is there, with at most one descriptor, which belongs to the last byte.</summary>
    /// <returns>
    /// The number of bytes; 0 at the stream's end; -1 where nothing is there, and an event will tell when something is.
    /// </returns>
    /// <exception cref="KernelException">recv, recvmsg: ECONNRESET, EMFILE.</exception>
    /// <exception cref="PeerException">TooManyDescriptors.</exception>
    internal abstract int TryReceive(Span<byte> buffer, out FileDescriptor? descriptor);

    /// <summary>Waits until <see cref="HasEnded"/>.</summary>
    /// <exception cref="KernelException">poll: EBADF where this side was disposed before the end was seen.</exception>
    /// <exception cref="WaitTimeoutException">The peer did not close in time.</exception>
    internal abstract void WaitForEnd(WaitLimit limit);
}
