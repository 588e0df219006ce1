using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using DmaBuf.Interop;
using static DmaBuf.Guests.VhostUser;

namespace DmaBuf.Guests;

/// <summary>
/// The back end's side of one vhost-user connection, without I/O: it answers what a front end asks of any device, keeps
/// the table of the guest's memory, and never touches a virtqueue. The front end is not trusted.
/// </summary>
internal sealed class VhostUserBackEnd : IDisposable
{
    private const ulong Features = VHOST_USER_F_PROTOCOL_FEATURES | VIRTIO_F_VERSION_1;

    /// <summary>
    /// CONFIG is for devices other than virtio-fs. Without VHOST_F_LOG_ALL among the features QEMU refuses migration,
    /// as it must: nothing logs what this host writes.
    /// </summary>
    private const ulong ProtocolFeatures = VHOST_USER_PROTOCOL_F_MQ | VHOST_USER_PROTOCOL_F_REPLY_ACK
        | VHOST_USER_PROTOCOL_F_CONFIG | VHOST_USER_PROTOCOL_F_RESET_DEVICE
        | VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS;

    /// <summary>More queues than any device of QEMU's has.</summary>
    private const ulong MostQueues = 1024;

    private ulong _acknowledged;

    /// <summary>The guest's memory.</summary>
    public GuestMemoryTable Table { get; } = new();

    /// <summary>Whether the guest's driver runs the device.</summary>
    public bool IsStarted { get; private set; }

    /// <summary>How often the device was stopped or reset, which ends what was shared before.</summary>
    public long Stops { get; private set; }

    /// <summary>How often regions were removed or replaced.</summary>
    public long TableChanges { get; private set; }

    /// <summary>A number that changes whenever regions are added, removed or replaced.</summary>
    public long Changes { get; private set; }

    /// <summary>Handles one message.</summary>
    /// <param name="header">Its head.</param>
    /// <param name="payload">Its payload, which has the length that the head tells.</param>
    /// <param name="descriptors">What came with it. Those left in the list still belong to the caller.</param>
    /// <param name="reply">Room for the answer's payload, of at least <see cref="MostPayload"/> bytes.</param>
    /// <param name="length">The answer's length; -1 where there is none.</param>
    /// <returns>Why the message breaks the protocol, or null.</returns>
    public string? Handle(
        in Header header,
        ReadOnlySpan<byte> payload,
        List<FileDescriptor> descriptors,
        Span<byte> reply,
        out int length)
    {
        length = -1;
        if ((header.flags & VERSION_MASK) != VERSION || (header.flags & REPLY_MASK) != 0)
            return $"sent a message with the flags 0x{header.flags:x}";
        var problem = Handle(header.request, payload, descriptors, reply, ref length);
        if (length < 0 && problem is null && (header.flags & NEED_REPLY_MASK) != 0
            && (_acknowledged & VHOST_USER_PROTOCOL_F_REPLY_ACK) != 0)
        {
            length = Write(reply, 0UL);
        }

        return problem;
    }

    /// <summary>Closes the files of the guest's memory.</summary>
    public void Dispose() => Table.Dispose();

    private string? Handle(
        Request request, ReadOnlySpan<byte> payload, List<FileDescriptor> descriptors, Span<byte> reply, ref int length)
    {
        switch (request)
        {
            case Request.GET_FEATURES:
                length = Write(reply, Features);
                return null;
            case Request.GET_PROTOCOL_FEATURES:
                length = Write(reply, ProtocolFeatures);
                return null;
            case Request.GET_QUEUE_NUM:
                length = Write(reply, MostQueues);
                return null;
            case Request.GET_MAX_MEM_SLOTS:
                length = Write(reply, (ulong)GuestMemoryTable.MostRegions);
                return null;
            case Request.SET_PROTOCOL_FEATURES:
                return Read(payload, out _acknowledged) ? null : TooShort(request, payload);
            case Request.SET_MEM_TABLE:
                return SetTable(payload, descriptors);
            case Request.ADD_MEM_REG:
                return ReadRegion(payload, out var added) ? AddRegion(added, descriptors) : TooShort(request, payload);
            case Request.REM_MEM_REG:
                return ReadRegion(payload, out var removed) ? RemoveRegion(removed) : TooShort(request, payload);
            case Request.SET_VRING_KICK:
                IsStarted = true;
                return null;
            case Request.GET_VRING_BASE:
                if (!Read(payload, out VringState vring))
                    return TooShort(request, payload);
                Stop();
                length = Write(reply, vring with { num = 0 });
                return null;
            case Request.RESET_OWNER or Request.RESET_DEVICE:
                Stop();
                return null;
            case Request.GET_CONFIG:
                return AnswerConfig(payload, reply, ref length);
            case Request.SET_FEATURES or Request.SET_OWNER or Request.SET_VRING_NUM or Request.SET_VRING_ADDR
                or Request.SET_VRING_BASE or Request.SET_VRING_CALL or Request.SET_VRING_ERR or Request.SET_VRING_ENABLE
                or Request.SET_CONFIG:
                return null;
            default:
                return $"sent request {(uint)request}, which was not offered";
        }
    }

    private string? SetTable(ReadOnlySpan<byte> payload, List<FileDescriptor> descriptors)
    {
        if (!Read(payload, out Regions head)
            || head.num_regions > MostRegionsAtOnce
            || payload.Length < Unsafe.SizeOf<Regions>() + (int)head.num_regions * RegionSize)
        {
            return TooShort(Request.SET_MEM_TABLE, payload);
        }

        if (descriptors.Count != head.num_regions)
            return $"sent {descriptors.Count} descriptors with a table of {head.num_regions} regions";
        Table.Clear();
        TableChanges++;
        Changes++;
        payload = payload[Unsafe.SizeOf<Regions>()..];
        for (var i = 0; i < (int)head.num_regions; i++)
        {
            var region = MemoryMarshal.Read<Region>(payload[(i * RegionSize)..]);
            if (AddRegion(region, descriptors) is { } problem)
                return problem;
        }

        return null;
    }

    /// <summary>Adds a region with the first of the descriptors.</summary>
    private string? AddRegion(in Region region, List<FileDescriptor> descriptors)
    {
        if (descriptors.Count == 0)
            return "sent a region of memory without a descriptor";
        var file = descriptors[0];
        descriptors.RemoveAt(0);
        Changes++;
        return Table.Add(GuestMemoryFile.RegionOf(region, file)) is { } problem
            ? $"sent a table of memory in which {problem}"
            : null;
    }

    private string? RemoveRegion(in Region region)
    {
        var removed = new GuestMemoryRegion(region.guest_address, region.size, region.mmap_offset)
        {
            UserAddress = region.user_address,
        };
        TableChanges++;
        Changes++;
        return Table.Remove(removed)
            ? null
            : $"removed a region of memory at 0x{region.guest_address:x} that it never added";
    }

    private static string? AnswerConfig(ReadOnlySpan<byte> payload, Span<byte> reply, ref int length)
    {
        if (!Read(payload, out Config config) || config.size > MostPayload - ConfigHeadSize)
            return TooShort(Request.GET_CONFIG, payload);
        length = ConfigHeadSize + (int)config.size;
        reply[..length].Clear();
        Write(reply, config);
        return null;
    }

    private void Stop()
    {
        if (IsStarted)
            Stops++;
        IsStarted = false;
    }

    private static bool ReadRegion(ReadOnlySpan<byte> payload, out Region region)
    {
        region = default;
        return payload.Length >= sizeof(ulong) && Read(payload[sizeof(ulong)..], out region);
    }

    private static bool Read<T>(ReadOnlySpan<byte> payload, out T value)
        where T : struct => MemoryMarshal.TryRead(payload, out value);

    private static int Write<T>(Span<byte> reply, in T value)
        where T : struct
    {
        MemoryMarshal.Write(reply, in value);
        return Unsafe.SizeOf<T>();
    }

    private static string TooShort(Request request, ReadOnlySpan<byte> payload) =>
        $"sent {request} with a payload of {payload.Length} bytes that makes no sense";
}
