using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Guests;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Sharing;

/// <summary>
/// The way to peers that an address names: streams, or xenstore. Buffers and references are sent to one peer after
/// another, and received from them, in the same way whatever carries them.
/// </summary>
public abstract class Carrier : IDisposable
{
    private protected Carrier()
    {
    }

    /// <summary>The schemes of all addresses, as they are typed before the colon.</summary>
    public static IReadOnlyList<string> Schemes { get; } = [.. Endpoint.Schemes, StoreCarrier.Scheme];

    /// <summary>Where the peers of a carrier of streams come from; null for xenstore.</summary>
    internal virtual StreamSource? Peers => null;

    /// <summary>Makes the carrier of an address, without connecting or listening yet.</summary>
    /// <param name="address">An address of <see cref="Endpoint"/>, or <c>xenstore:NAME</c>.</param>
    /// <param name="directory">The folder that a relative unix PATH starts from; null leaves it to the kernel.</param>
    /// <param name="noListener">What to do where nothing listens.</param>
    /// <param name="from">The peers to accept, in the syntax of <see cref="PeerFilter"/>; null for all.</param>
    /// <exception cref="AddressException">It is not an address; BadPeer.</exception>
    public static Carrier Open(
        string address,
        string? directory = null,
        NoListener noListener = NoListener.ListenOrFail,
        string? from = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.StartsWith($"{StoreCarrier.Scheme}:", StringComparison.Ordinal))
            return StoreCarrier.Parse(address, from);
        var endpoint = Endpoint.Parse(address, directory);
        return new StreamCarrier(endpoint, noListener, from is null ? null : PeerFilter.Parse(from, endpoint.Kind));
    }

    /// <summary>Refuses a carrier that carries only references.</summary>
    /// <exception cref="AddressException">CannotPassDescriptors.</exception>
    public abstract void CheckPassesDescriptors();

    /// <summary>Sends a buffer's descriptor to the next peer.</summary>
    /// <exception cref="AddressException">CannotPassDescriptors; the address cannot be used.</exception>
    /// <exception cref="BufferException">Removed, NotABuffer.</exception>
    /// <exception cref="KernelException">Connecting, listening or sending failed.</exception>
    /// <exception cref="WaitTimeoutException">No peer came or read in time.</exception>
    public abstract IReleaseLink Send(DmaBuffer buffer, WaitLimit limit);

    /// <summary>
    /// Sends references, or a guest's pages, to the next peer. The returned link reports when the peer is done with
    /// them.
    /// </summary>
    /// <param name="pages">The references or the guest's pages.</param>
    /// <param name="limit">The time limit.</param>
    /// <param name="check">
    /// Called before the references are sent, and in xenstore until they are imported. If it throws, the peer does not
    /// get them, or they are withdrawn.
    /// </param>
    /// <exception cref="KernelException">Connecting, listening or sending failed.</exception>
    /// <exception cref="AddressException">The address cannot be used.</exception>
    /// <exception cref="Xen.XenStoreException">xenstore refused.</exception>
    /// <exception cref="PeerException">
    /// ImportFailed, ClosedEarly: the peer reported a failure in xenstore, or is gone.
    /// </exception>
    /// <exception cref="WaitTimeoutException">No peer came or read in time.</exception>
    public abstract IReleaseLink Send(SharedPages pages, WaitLimit limit, Action? check = null);

    /// <summary>Receives a buffer's descriptor from the next peer, which learns when the buffer is freed.</summary>
    /// <exception cref="AddressException">CannotPassDescriptors; the address cannot be used.</exception>
    /// <exception cref="PeerException">The peer sent something else, or not everything in time.</exception>
    /// <exception cref="BufferException">NotABuffer, NotSealed.</exception>
    /// <exception cref="KernelException">Connecting, listening or receiving failed.</exception>
    /// <exception cref="WaitTimeoutException">Nothing arrived in time.</exception>
    public abstract DmaBuffer Receive(WaitLimit limit);

    /// <summary>
    /// Receives references from the next peer and imports them. The peer learns when the buffer is freed.
    /// </summary>
    /// <param name="domain">The exporter: its id or its name.</param>
    /// <param name="method">How to import.</param>
    /// <param name="limit">The time limit.</param>
    /// <exception cref="DomainException">Unknown: this domain sees none of that name. Own.</exception>
    /// <exception cref="PeerException">The peer sent no valid references, or not all of them in time.</exception>
    /// <exception cref="KernelException">As <see cref="GrantMapper.Import"/>; connecting, listening.</exception>
    /// <exception cref="Xen.XenStoreException">xenstore refused.</exception>
    /// <exception cref="WaitTimeoutException">Nothing arrived in time.</exception>
    public abstract DmaBuffer Receive(string domain, ImportMethod method, WaitLimit limit);

    /// <summary>
    /// Receives a guest's pages from the next peer, and makes a dma-buf of this host of them. The peer learns when the
    /// buffer is freed.
    /// </summary>
    /// <param name="guest">The guest. Its memory is waited for.</param>
    /// <param name="allowAnyPeer">
    /// Whether to accept pages from anyone. Otherwise only the guest's root is accepted, and only over vsock: anyone
    /// else could name pages of the guest's kernel.
    /// </param>
    /// <param name="limit">The time limit.</param>
    /// <exception cref="GuestException">NoCid, Untrusted; as <see cref="GuestMemory.Import"/>.</exception>
    /// <exception cref="PeerException">The peer sent no valid pages, or not all of them in time.</exception>
    /// <exception cref="KernelException">As <see cref="GuestMemory.Import"/>; connecting, listening.</exception>
    /// <exception cref="WaitTimeoutException">Nothing arrived in time.</exception>
    public abstract DmaBuffer Receive(GuestMemory guest, bool allowAnyPeer, WaitLimit limit);

    /// <inheritdoc/>
    public virtual void Dispose() => GC.SuppressFinalize(this);
}
