using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Sharing;

/// <summary>A buffer's descriptor on a unix stream: one message with one byte and one SCM_RIGHTS descriptor.</summary>
public static class DescriptorHandOff
{
    private const byte Data = (byte)'A';

    /// <summary>Sends a buffer's descriptor.</summary>
    /// <exception cref="AddressException">CannotPassDescriptors: the connection is not a unix socket.</exception>
    /// <exception cref="BufferException">Removed; NotABuffer: the descriptor is a grant device's.</exception>
    /// <exception cref="KernelException">sendmsg: EPIPE, ECONNRESET.</exception>
    /// <exception cref="WaitTimeoutException">The peer did not read in time.</exception>
    public static void Send(ByteStream peer, DmaBuffer buffer, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(buffer);
        ArgumentNullException.ThrowIfNull(limit);
        CheckEndpoint(peer.Endpoint);
        CheckBuffer(buffer);
        buffer.Use(descriptor =>
        {
            ((SocketStream)peer).SendDescriptor(descriptor, Data, limit);
            return true;
        });
    }

    /// <summary>
    /// Receives one buffer's descriptor. The buffer keeps the stream open until it is freed, so that the sender learns
    /// when its peer is done. Any further descriptor that the peer sends is closed.
    /// </summary>
    /// <exception cref="AddressException">CannotPassDescriptors: the connection is not a unix socket.</exception>
    /// <exception cref="PeerException">The message was not one byte with one descriptor.</exception>
    /// <exception cref="KernelException">
    /// recvmsg: ECONNRESET; EMFILE where this process may not open another descriptor.
    /// </exception>
    /// <exception cref="BufferException">NotABuffer, NotSealed: the descriptor cannot be trusted.</exception>
    /// <exception cref="WaitTimeoutException">Nothing arrived in time.</exception>
    public static DmaBuffer Receive(ByteStream peer, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(limit);
        var buffer = ReceiveShared(peer, limit);
        buffer.OwnPeer(peer);
        return buffer;
    }

    /// <summary>Like <see cref="Receive"/>, for a stream that carries more than the one buffer.</summary>
    /// <inheritdoc cref="Receive"/>
    internal static DmaBuffer ReceiveShared(ByteStream peer, WaitLimit limit)
    {
        CheckEndpoint(peer.Endpoint);
        // One byte more than the message has, so that a longer one is seen.
        Span<byte> data = stackalloc byte[2];
        var received = ((SocketStream)peer).ReceiveDescriptors(
            data, limit, out var first, out var second, out var truncated);
        using var surplus = second;
        try
        {
            Check(peer, received, first, second, truncated);
        }
        catch
        {
            first?.Dispose();
            throw;
        }

        return DmaBuffer.AdoptReceived(first!);
    }

    /// <summary>Refuses addresses that cannot carry descriptors.</summary>
    /// <exception cref="AddressException">CannotPassDescriptors.</exception>
    public static void CheckEndpoint(Endpoint endpoint)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        if (endpoint.Kind != EndpointKind.Unix)
            throw CannotPass(endpoint.ToString());
    }

    internal static AddressException CannotPass(string address) => new(AddressFault.CannotPassDescriptors, address,
        "only unix sockets can carry descriptors",
        "Use unix: or unixd: on one machine, and grant references to reach another domain.");

    /// <exception cref="BufferException">NotABuffer.</exception>
    internal static void CheckBuffer(DmaBuffer buffer)
    {
        if (!buffer.IsPassable)
        {
            throw new BufferException(BufferFault.NotABuffer,
                $"{buffer} cannot be passed on: its descriptor is useless to another process.",
                "Import the references in the other process.");
        }
    }

    private static void Check(
        ByteStream peer, int received, FileDescriptor? first, FileDescriptor? second, bool truncated)
    {
        // There was room for two: one that is missing could not be installed because this process has no free number.
        if (truncated && second is null)
            throw new KernelException("recvmsg", Errno.EMFILE, peer.Peer);

        var (fault, reason) = (received, first, second) switch
        {
            (0, _, _) => (PeerFault.ClosedEarly, "closed the connection without sending a descriptor"),
            (_, _, not null) => (PeerFault.TooManyDescriptors, "sent more than one descriptor"),
            (_, null, _) => (PeerFault.NoDescriptor, "sent data without a descriptor"),
            ( > 1, _, _) => (PeerFault.ExtraData, "sent more than one byte with the descriptor"),
            _ => default((PeerFault, string?)),
        };
        if (reason is not null)
        {
            throw new PeerException(fault, peer.Peer, reason,
                "It does not speak this protocol (one byte with one SCM_RIGHTS descriptor), or it failed: look at its "
                + "own messages.");
        }
    }
}
