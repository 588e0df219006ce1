using DmaBuf.Errors;
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

    /// <summary>Closes this side.</summary>
    public abstract void Dispose();

    /// <summary>Waits until <see cref="HasEnded"/>.</summary>
    /// <exception cref="KernelException">poll: EBADF where this side was disposed before the end was seen.</exception>
    /// <exception cref="WaitTimeoutException">The peer did not close in time.</exception>
    internal abstract void WaitForEnd(WaitLimit limit);
}
