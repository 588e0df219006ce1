using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Grants;

/// <summary>
/// The live lease behind references: it keeps the grant device's handle and the buffer's descriptor open. Ending it
/// ends the grants; a peer that has the pages mapped keeps them until it unmaps.
/// </summary>
public sealed class GrantExport : IDisposable
{
    private readonly FileDescriptor _device;
    private readonly FileDescriptor _buffer;
    private int _closed;

    private GrantExport(FileDescriptor device, FileDescriptor buffer, GrantRefs grants)
    {
        _device = device;
        _buffer = buffer;
        Grants = grants;
    }

    /// <summary>The references.</summary>
    public GrantRefs Grants { get; }

    /// <summary>
    /// Grants a dma-buf's pages to a domain. Errors: <see cref="BufferException"/> (BadSize: no multiple of 4096;
    /// OtherDomain: the pages are another domain's; Removed), <see cref="KernelException"/> (open; IOCTL_GNTDEV_DMABUF_IMP_TO_REFS: ENOTTY where the kernel cannot, EINVAL for what is
    /// no dma-buf, ENOSPC without free grants). The kernel does not check that the domain exists.
    /// </summary>
    /// <param name="buffer">A dma-buf.</param>
    /// <param name="own">This domain's id.</param>
    /// <param name="peer">The domain that may map the pages.</param>
    public static GrantExport Create(DmaBuffer buffer, ushort own, ushort peer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        if (buffer.Size % GrantRefs.GrantPageSize != 0)
        {
            throw new BufferException(BufferFault.BadSize, $"{buffer} is no whole number of pages of {GrantRefs.GrantPageSize} bytes.",
                "Grants are for whole pages: make the buffer larger.");
        }

        // The kernel reports success, and then Xen lets nobody map pages that are not the granter's own.
        if ((GrantRefs.Of(buffer) is { } origin && origin.Domain != own) || buffer.Exporter == "xen_gntdev")
        {
            throw new BufferException(BufferFault.OtherDomain, $"{buffer} shows pages of another domain, which alone can grant them.",
                $"Have that domain export its buffer for domain {peer} too.");
        }

        var device = GrantMapper.OpenDevice();
        FileDescriptor? copy = null;
        try
        {
            // A descriptor of its own: the driver finds the grants again by its number when they are released.
            copy = buffer.Use(descriptor => Fcntl.Duplicate(descriptor)
                ?? throw new KernelException("fcntl", Errno.Last, buffer.ToString()));
            var refs = RoomForRefs(buffer);
            if (!Gntdev.ToRefs(device, copy, peer, refs))
                throw new KernelException(nameof(Gntdev.IOCTL_GNTDEV_DMABUF_IMP_TO_REFS), Errno.Last, $"{buffer} for domain {peer}");
            return new GrantExport(device, copy, new GrantRefs { Domain = own, PeerDomain = peer, Refs = refs, ShareId = Guid.NewGuid() });
        }
        catch
        {
            copy?.Dispose();
            device.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Room for as many references as the buffer has pages, and at most for as many as the kernel gives: it refuses every
    /// other number. A memfd that a peer sent may claim terabytes and has no memory behind them.
    /// </summary>
    internal static uint[] RoomForRefs(DmaBuffer buffer) =>
        new uint[Math.Min(buffer.Size / GrantRefs.GrantPageSize, GrantMapper.MaxPages)];

    /// <summary>The refusal to send what another domain than the given one may map, or none at all.</summary>
    public static BufferException NotGranted(object shared, ushort peer) =>
        new(BufferFault.OtherDomain, $"Domain {peer} was not granted {shared}.", $"Export the buffer for domain {peer} and send those references.");

    /// <summary>The refusal to end or wait for grants that this process does not hold.</summary>
    public static BufferException NoLease(SharedPages pages) =>
        new(
            BufferFault.NoLease,
            $"This session does not grant {pages}.",
            "Only the session that exported them can do that, and only until they are revoked.");

    /// <summary>The refusal to wait where nobody can report.</summary>
    public static BufferException NoPeer(object shared) =>
        new(BufferFault.NoPeer, $"This session sent {shared} to no peer that can report its release.",
            "Send it to a peer first. References that went by remoting, a job or a file carry no way back: ask the other "
            + "side, then revoke them.");

    /// <summary>Ends the grants. Idempotent.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
            return;
        Gntdev.ReleaseRefs(_device, _buffer.Number);
        _device.Dispose();
        _buffer.Dispose();
    }
}
