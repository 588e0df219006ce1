using System.Runtime.InteropServices;
using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Transport;
using DmaBuf.Waits;
using static DmaBuf.Guests.VhostUser;

namespace DmaBuf.Guests;

/// <summary>
/// The front end's side of one vhost-user connection: it shows a guest's memory to another process, as QEMU shows it to
/// this one. For one thread at a time.
/// </summary>
/// <param name="stream">The connection, which stays its owner's.</param>
internal sealed class VhostUserFrontEnd(SocketStream stream)
{
    private const ulong Wanted = VHOST_USER_PROTOCOL_F_REPLY_ACK | VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS;
    private List<GuestMemoryRegion> _shown = [];

    /// <summary>Agrees on what both sides can do.</summary>
    /// <exception cref="PeerException">Incompatible, BadMessage, ClosedEarly: it is not such a back end.</exception>
    /// <exception cref="KernelException">send, recv.</exception>
    /// <exception cref="WaitTimeoutException">The back end did not answer in time.</exception>
    public void Negotiate(WaitLimit limit)
    {
        Ask(Request.GET_FEATURES, limit);
        var offered = Ask(Request.GET_PROTOCOL_FEATURES, limit);
        if ((offered & Wanted) != Wanted)
        {
            throw new PeerException(PeerFault.Incompatible, stream.Peer,
                $"offers the vhost-user protocol features 0x{offered:x}, which lack 0x{Wanted & ~offered:x}",
                "Use the same version on both sides.");
        }

        Send(Request.SET_PROTOCOL_FEATURES, Wanted, limit);
        Send(Request.SET_FEATURES, VHOST_USER_F_PROTOCOL_FEATURES | VIRTIO_F_VERSION_1, limit);
    }

    /// <summary>Shows the regions that are new, and takes back those that are gone.</summary>
    /// <inheritdoc cref="Negotiate"/>
    public void Show(IReadOnlyList<GuestMemoryRegion> regions, WaitLimit limit)
    {
        foreach (var gone in _shown.Where(old => !regions.Any(old.IsSame)))
            Send(Request.REM_MEM_REG, gone, limit);
        foreach (var added in regions.Where(region => !_shown.Exists(region.IsSame)))
            Send(Request.ADD_MEM_REG, added, limit, added.Memory);
        _shown = [.. regions];
    }

    /// <summary>Says that the guest's driver runs.</summary>
    /// <inheritdoc cref="Negotiate"/>
    public void Start(WaitLimit limit) => Send(Request.SET_VRING_KICK, VRING_NOFD_MASK, limit);

    /// <summary>Says that the guest's driver has stopped.</summary>
    /// <inheritdoc cref="Negotiate"/>
    public void Stop(WaitLimit limit)
    {
        Send(Request.GET_VRING_BASE, 0, limit);
        ReadAnswer(Request.GET_VRING_BASE, limit);
    }

    private ulong Ask(Request request, WaitLimit limit)
    {
        Send(request, [], isAcknowledged: false, limit);
        return ReadAnswer(request, limit);
    }

    private void Send(Request request, ulong argument, WaitLimit limit) =>
        Send(request, MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in argument)), isAcknowledged: false, limit);

    private void Send(Request request, GuestMemoryRegion region, WaitLimit limit, FileDescriptor? file = null)
    {
        ReadOnlySpan<ulong> words = [0, region.Address, region.Size, region.UserAddress, region.Offset];
        Send(request, MemoryMarshal.AsBytes(words), isAcknowledged: true, limit, file);
        if (ReadAnswer(request, limit) is not 0 and var problem)
            throw Bad(PeerFault.BadMessage, $"answered {request} with {problem}");
    }

    private PeerException Bad(PeerFault fault, string what) => VhostUserConnection.Bad(stream, fault, what);

    private void Send(
        Request request, ReadOnlySpan<byte> payload, bool isAcknowledged, WaitLimit limit, FileDescriptor? file = null)
    {
        var header = new Header
        {
            request = request,
            flags = VERSION | (isAcknowledged ? NEED_REPLY_MASK : 0),
            size = (uint)payload.Length,
        };
        Span<byte> message = stackalloc byte[HeaderSize + payload.Length];
        MemoryMarshal.Write(message, in header);
        payload.CopyTo(message[HeaderSize..]);
        if (file is not null)
        {
            // The descriptor comes with the first byte, wherever the kernel divides the message.
            stream.SendDescriptor(file, message[0], limit);
            message = message[1..];
        }

        stream.Send(message, limit);
    }

    private ulong ReadAnswer(Request request, WaitLimit limit)
    {
        Span<byte> answer = stackalloc byte[HeaderSize + sizeof(ulong)];
        if (stream.ReceiveAll(answer, limit) > 0)
            throw Bad(PeerFault.ClosedEarly, $"closed the connection before it answered {request}");
        var header = MemoryMarshal.Read<Header>(answer);
        return (header.request, header.size) == (request, sizeof(ulong))
            ? MemoryMarshal.Read<ulong>(answer[HeaderSize..])
            : throw Bad(PeerFault.BadMessage, $"did not answer {request}");
    }
}
