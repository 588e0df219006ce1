using System.Runtime.InteropServices;
using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Interop;
using DmaBuf.Xen;

namespace DmaBuf.Transport;

/// <summary>
/// The memory of a vchan (struct vchan_interface of xen/io/libxenvchan.h, and its rings), which both sides map. The
/// peer can change all of it at any time.
/// </summary>
internal sealed unsafe class VchanMemory : SafeHandle
{
    /// <summary>The peer is to notify this side of what it writes, or of what it reads.</summary>
    public const byte NotifyWrite = 1;

    /// <inheritdoc cref="NotifyWrite"/>
    public const byte NotifyRead = 2;

    private const byte Gone = 0;
    private const byte There = 1;
    private const byte NotYet = 2;

    private const int RightIndices = 8;
    private const int LeftOrder = 16;
    private const int RightOrder = 18;
    private const int ClientLive = 20;
    private const int ServerLive = 21;
    private const int ClientNotify = 22;
    private const int ServerNotify = 23;
    private const int Refs = 24;

    private const int SmallOrder = 10;
    private const int LargeOrder = 11;
    private const int PageOrder = 12;
    private const int MaxOrder = 20;
    private const uint ClearAndSend = Gntdev.UNMAP_NOTIFY_CLEAR_BYTE | Gntdev.UNMAP_NOTIFY_SEND_EVENT;

    private readonly bool _isServer;
    private readonly IDisposable[] _parts;

    /// <param name="isServer">Which side this is.</param>
    /// <param name="control">The page of struct vchan_interface.</param>
    /// <param name="left">The ring that the client writes.</param>
    /// <param name="right">The ring that the server writes.</param>
    /// <param name="parts">What to dispose in the end, in this order.</param>
    private VchanMemory(bool isServer, byte* control, VchanRing left, VchanRing right, IEnumerable<IDisposable> parts)
        : base(0, ownsHandle: true)
    {
        _isServer = isServer;
        _parts = [.. parts];
        (Input, Output) = isServer ? (left, right) : (right, left);
        SetHandle((nint)control);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The ring that this side reads.</summary>
    public VchanRing Input { get; }

    /// <summary>The ring that this side writes.</summary>
    public VchanRing Output { get; }

    /// <summary>Whether the client of this server has come, even if it is gone after it wrote something.</summary>
    public bool HasClient => PeerLive == There || (PeerLive == Gone && Input.Ready != 0);

    /// <summary>Whether the peer is gone: it closed its side, or was killed.</summary>
    public bool PeerIsGone => PeerLive == Gone;

    private byte* Control => (byte*)handle;

    private byte PeerLive
    {
        get
        {
            using var hold = Keep();
            return Volatile.Read(ref Control[_isServer ? ClientLive : ServerLive]);
        }
    }

    /// <summary>Allocates the memory of a server.</summary>
    /// <param name="peer">The client's domain.</param>
    /// <param name="order">The binary logarithm of each ring's size, from 12 to 20.</param>
    /// <param name="events">The event channel that tells the peer of this side's end.</param>
    /// <param name="ringRef">The reference of the first page, from which the client finds the others.</param>
    /// <exception cref="KernelException">open, IOCTL_GNTALLOC_ALLOC_GREF, mmap.</exception>
    public static VchanMemory Allocate(ushort peer, int order, EventChannel events, out uint ringRef)
    {
        var parts = new Stack<IDisposable>();
        try
        {
            var device = Open(Gntalloc.DEVICE, Fcntl.O_RDWR);
            parts.Push(device);
            var pages = 1 << (order - PageOrder);
            var (page, left, right) = (new uint[1], new uint[pages], new uint[pages]);
            var control = Share(page, out var offset);
            var memory = new VchanMemory(
                true,
                control,
                new VchanRing((uint*)control, Share(left, out _), order),
                new VchanRing((uint*)(control + RightIndices), Share(right, out _), order),
                parts);
            if (!Gntalloc.SetUnmapNotify(device, (ulong)offset + ServerLive, ClearAndSend, events.Port))
            {
                throw new KernelException(
                    nameof(Gntalloc.IOCTL_GNTALLOC_SET_UNMAP_NOTIFY), Errno.Last, Gntalloc.DEVICE);
            }

            *(ushort*)(control + LeftOrder) = *(ushort*)(control + RightOrder) = (ushort)order;
            control[ClientNotify] = NotifyWrite;
            left.CopyTo(new Span<uint>(control + Refs, pages));
            right.CopyTo(new Span<uint>(control + Refs, 2 * pages)[pages..]);
            control[ClientLive] = NotYet;
            Volatile.Write(ref control[ServerLive], There);
            ringRef = page[0];
            return memory;

            byte* Share(uint[] refs, out long at)
            {
                at = GrantAllocator.AllocatePages(device, peer, refs);
                return Map(device, at, refs.Length, parts);
            }
        }
        catch
        {
            DisposeAll(parts);
            throw;
        }
    }

    /// <summary>
    /// Maps the memory of a server; null where the reference is stale. It may stand for a page that has another use by
    /// now, so nothing is written until its content has been seen to be a server's.
    /// </summary>
    /// <exception cref="PeerException">BadRing.</exception>
    /// <exception cref="KernelException">open, IOCTL_GNTDEV_MAP_GRANT_REF, mmap.</exception>
    public static VchanMemory? TryMap(ushort peer, uint ringRef, EventChannel events, string name)
    {
        var parts = new Stack<IDisposable>();
        try
        {
            if (!TryRead(peer, ringRef, name, out var leftOrder, out var rightOrder, out var refs))
                return null;
            var device = Open(Gntdev.DEVICE, Fcntl.O_RDWR);
            parts.Push(device);
            var control = Import(device, [ringRef], out var offset);
            if (!Gntdev.SetUnmapNotify(device, (ulong)offset + ClientLive, ClearAndSend, events.Port))
            {
                throw new KernelException(nameof(Gntdev.IOCTL_GNTDEV_SET_UNMAP_NOTIFY), Errno.Last, Gntdev.DEVICE);
            }

            var readOnly = Open(Gntdev.DEVICE, Fcntl.O_RDONLY);
            parts.Push(readOnly);
            var leftPages = Pages(leftOrder);
            var left = Ring(control, leftOrder, device, refs[..leftPages]);
            var right = Ring(control, rightOrder, readOnly, refs[leftPages..]);
            var memory = new VchanMemory(
                false,
                control,
                new VchanRing((uint*)control, left, leftOrder),
                new VchanRing((uint*)(control + RightIndices), right, rightOrder),
                parts);
            control[ServerNotify] = NotifyWrite;
            Volatile.Write(ref control[ClientLive], There);
            return memory;
        }
        catch
        {
            DisposeAll(parts);
            throw;
        }

        byte* Ring(byte* control, int order, FileDescriptor device, uint[] refs) =>
            order < PageOrder ? control + (1 << order) : Import(device, refs, out _);

        byte* Import(FileDescriptor device, uint[] refs, out long at)
        {
            at = Gntdev.MapRefs(device, peer, refs);
            if (at < 0)
                throw new KernelException(nameof(Gntdev.IOCTL_GNTDEV_MAP_GRANT_REF), Errno.Last, name);
            return Map(device, at, refs.Length, parts);
        }
    }

    /// <summary>Keeps the memory mapped until the result is disposed.</summary>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public Hold Keep() => new(this);

    /// <summary>Asks the peer to notify this side of one kind of change from now on, once.</summary>
    public void Ask(byte change)
    {
        Change(ref Control[_isServer ? ClientNotify : ServerNotify], set: change, clear: 0);
        // The request precedes the caller's next look at the indices.
        Interlocked.MemoryBarrier();
    }

    /// <summary>Whether the peer asked to be notified of a change that this side has made.</summary>
    public bool TakeAsked(byte change)
    {
        Interlocked.MemoryBarrier();
        return (Change(ref Control[_isServer ? ServerNotify : ClientNotify], set: 0, clear: change) & change) != 0;
    }

    /// <summary>Tells the peer that this side is gone.</summary>
    public void MarkGone() => Volatile.Write(ref Control[_isServer ? ServerLive : ClientLive], Gone);

    protected override bool ReleaseHandle()
    {
        DisposeAll(_parts);
        return true;
    }

    /// <summary>
    /// Reads a server's page without write access: the sizes of its rings and the references of their pages.
    /// </summary>
    /// <returns>False if no server waits there for a client.</returns>
    private static bool TryRead(
        ushort peer, uint ringRef, string name, out int leftOrder, out int rightOrder, out uint[] refs)
    {
        (leftOrder, rightOrder, refs) = (0, 0, []);
        using var device = Open(Gntdev.DEVICE, Fcntl.O_RDONLY);
        var offset = Gntdev.MapRefs(device, peer, [ringRef]);
        if (offset < 0)
            throw new KernelException(nameof(Gntdev.IOCTL_GNTDEV_MAP_GRANT_REF), Errno.Last, name);
        Mapping page;
        try
        {
            page = Mapping.Create(device, offset, GrantRefs.GrantPageSize, name, GrantMapper.RefusedAction);
        }
        catch (KernelException e) when (e.Errno == Errno.EINVAL)
        {
            return false;
        }

        using (page)
        {
            var control = page.Address;
            if (Volatile.Read(ref control[ServerLive]) != There || control[ClientLive] != NotYet)
                return false;
            leftOrder = *(ushort*)(control + LeftOrder);
            rightOrder = *(ushort*)(control + RightOrder);
            if (!AreValid(leftOrder, rightOrder))
            {
                throw new PeerException(
                    PeerFault.BadRing,
                    name,
                    $"offers rings of orders {leftOrder} and {rightOrder}, which the protocol does not allow",
                    "It does not speak libxenvchan's protocol.");
            }

            refs = new Span<uint>(control + Refs, Pages(leftOrder) + Pages(rightOrder)).ToArray();
            return true;
        }
    }

    /// <summary>
    /// Whether rings of these orders fit. Two in the page itself must differ, because each order has its own place.
    /// </summary>
    private static bool AreValid(int left, int right) =>
        left is >= SmallOrder and <= MaxOrder
        && right is >= SmallOrder and <= MaxOrder
        && (left != right || left is not (SmallOrder or LargeOrder));

    private static int Pages(int order) => order < PageOrder ? 0 : 1 << (order - PageOrder);

    private static byte* Map(FileDescriptor device, long offset, int pages, Stack<IDisposable> parts)
    {
        var mapping = Mapping.Create(
            device, offset, (long)pages * GrantRefs.GrantPageSize, "vchan", GrantMapper.RefusedAction);
        parts.Push(mapping);
        return mapping.Address;
    }

    private static FileDescriptor Open(string device, int flags)
    {
        GrantRefs.CheckKernel();
        return Fcntl.Open(device, flags) ?? throw new KernelException("open", Errno.Last, device);
    }

    private static byte Change(ref byte flags, byte set, byte clear)
    {
        while (true)
        {
            var before = Volatile.Read(ref flags);
            var after = (byte)((before | set) & ~clear);
            if (Interlocked.CompareExchange(ref flags, after, before) == before)
                return before;
        }
    }

    private static void DisposeAll(IEnumerable<IDisposable> parts)
    {
        foreach (var part in parts)
            part.Dispose();
    }

    /// <summary>A use of the memory, during which it stays mapped.</summary>
    internal readonly ref struct Hold
    {
        private readonly VchanMemory _memory;

        public Hold(VchanMemory memory)
        {
            var held = false;
            memory.DangerousAddRef(ref held);
            _memory = memory;
        }

        public void Dispose() => _memory.DangerousRelease();
    }
}
