using DmaBuf.Errors;
using DmaBuf.Guests;
using DmaBuf.Transport;

namespace DmaBuf.Sharing;

/// <summary>
/// Who may name pages of a guest: its kernel and its root. An unprivileged process of the guest, or another guest,
/// could otherwise reach the kernel's pages through the host.
/// </summary>
public static class GuestPeers
{
    /// <summary>The peers to accept at an address.</summary>
    /// <exception cref="GuestException">
    /// Untrusted: the address is not a vsock address; NoCid: the guest's context id is not known.
    /// </exception>
    public static PeerFilter Of(GuestMemory guest, Endpoint endpoint)
    {
        ArgumentNullException.ThrowIfNull(guest);
        ArgumentNullException.ThrowIfNull(endpoint);
        if (endpoint.Kind != EndpointKind.Vsock)
        {
            throw new GuestException(
                GuestFault.Untrusted,
                $"Over {endpoint}, anyone could name pages of guest '{guest}', those of its kernel among them.",
                "Use vsock, where the host can tell the guest's root from others; or accept any peer if you trust all "
                + "that can connect.");
        }

        return PeerFilter.OfGuestRoot(guest.Cid ?? throw new GuestException(
            GuestFault.NoCid,
            $"The CID of guest '{guest}' is not known, so its connections cannot be told from another guest's.",
            "Give its CID (guest-cid= of QEMU's vhost-vsock-pci) when its memory is connected."));
    }
}
