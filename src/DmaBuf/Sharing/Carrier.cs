using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Sharing;

/// <summary>
/// A way to peers that an address names: streams, or xenstore. Buffers and references are handed to one peer after
/// another and taken from them in the same way, whatever carries them.
/// </summary>
public abstract class Carrier : IDisposable
{
    private protected Carrier()
    {
    }

    /// <summary>The schemes of all addresses, as they are typed before the colon.</summary>
    public static IReadOnlyList<string> Schemes { get; } = [.. Endpoint.Schemes, StoreCarrier.Scheme];

    /// <summary>Whether a peer that did not read what it was sent can be followed by another.</summary>
    public virtual bool HasNextPeer => false;

    /// <summary>The carrier of an address. It does nothing yet.</summary>
    /// <param name="address">An address of <see cref="Endpoint"/>, or <c>xenstore:NAME</c>.</param>
    /// <param name="directory">The folder that a relative unix PATH starts from; null leaves it to the kernel.</param>
    /// <param name="patient">Where nothing listens: wait until something does, rather than fail or listen here.</param>
    /// <param name="from">The peers that are wanted, in the words of <see cref="PeerFilter"/>; null for all.</param>
    /// <exception cref="AddressException">It is no address; BadPeer.</exception>
    public static Carrier Open(string address, string? directory = null, bool patient = false, string? from = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.StartsWith($"{StoreCarrier.Scheme}:", StringComparison.Ordinal))
            return StoreCarrier.Parse(address, from);
        var endpoint = Endpoint.Parse(address, directory);
        return new StreamCarrier(endpoint, patient, from is null ? null : PeerFilter.Parse(from, endpoint.Kind));
    }

    /// <summary>Refuses a carrier of references alone.</summary>
    /// <exception cref="AddressException">CannotPassDescriptors.</exception>
    public abstract void CheckPassesDescriptors();

    /// <summary>Gives a buffer's descriptor to the next peer.</summary>
    /// <exception cref="AddressException">CannotPassDescriptors; the address cannot be used.</exception>
    /// <exception cref="BufferException">Removed, NotABuffer.</exception>
    /// <exception cref="KernelException">Connecting, listening or sending failed.</exception>
    /// <exception cref="WaitTimeoutException">No peer came or read in time.</exception>
    public abstract IReleaseLink Send(DmaBuffer buffer, WaitLimit limit);

    /// <summary>Gives references to the next peer. The link returned tells when it is done with them.</summary>
    /// <param name="grants">The references.</param>
    /// <param name="limit">For how long to wait.</param>
    /// <param name="check">Called once there is a peer: where it throws, nothing is sent.</param>
    /// <exception cref="KernelException">Connecting, listening or sending failed.</exception>
    /// <exception cref="AddressException">The address cannot be used.</exception>
    /// <exception cref="Xen.XenStoreException">xenstore refused.</exception>
    /// <exception cref="PeerException">ImportFailed, ClosedEarly: the peer told so in xenstore, or went.</exception>
    /// <exception cref="WaitTimeoutException">No peer came or read in time.</exception>
    public abstract IReleaseLink Send(GrantRefs grants, WaitLimit limit, Action? check = null);

    /// <summary>Takes a buffer's descriptor from the next peer, which learns of the buffer's end.</summary>
    /// <exception cref="AddressException">CannotPassDescriptors; the address cannot be used.</exception>
    /// <exception cref="PeerException">The peer sent something else, or not all in its time.</exception>
    /// <exception cref="BufferException">NotABuffer, NotSealed.</exception>
    /// <exception cref="KernelException">Connecting, listening or receiving failed.</exception>
    /// <exception cref="WaitTimeoutException">Nothing came in time.</exception>
    public abstract DmaBuffer Receive(WaitLimit limit);

    /// <summary>Takes references from the next peer and imports them. It learns of the buffer's end.</summary>
    /// <param name="domain">The exporter: its id or its name.</param>
    /// <param name="method">How to import.</param>
    /// <param name="limit">For how long to wait.</param>
    /// <exception cref="AddressException">UnknownDomain: this domain sees none of that name.</exception>
    /// <exception cref="BufferException">OwnDomain.</exception>
    /// <exception cref="PeerException">The peer sent no good references, or not all in its time.</exception>
    /// <exception cref="KernelException">As <see cref="GrantMapper.Import"/>; connecting, listening.</exception>
    /// <exception cref="Xen.XenStoreException">xenstore refused.</exception>
    /// <exception cref="WaitTimeoutException">Nothing came in time.</exception>
    public abstract DmaBuffer Receive(string domain, ImportMethod method, WaitLimit limit);

    /// <inheritdoc/>
    public virtual void Dispose() => GC.SuppressFinalize(this);
}
