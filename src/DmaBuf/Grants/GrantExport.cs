using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Grants;

/// <summary>
/// The live lease behind references: it keeps the grant device's handle and the buffer's descriptor open. Disposing it
/// ends the grants; a peer that has the pages mapped keeps them until it unmaps them.
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
    /// Grants a dma-buf's pages to a domain. Errors: <see cref="BufferException"/> (BadSize: not a multiple of 4096;
    /// OtherDomain: the pages are another domain's; Removed), <see cref="KernelException"/> (open;
    /// IOCTL_GNTDEV_DMABUF_IMP_TO_REFS: ENOTTY where the kernel cannot, EINVAL for anything but a dma-buf, ENOSPC
    /// without free grants). The kernel does not check that the domain exists.
    /// </summary>
    /// <param name="buffer">A dma-buf.</param>
    /// <param name="own">This domain's id.</param>
    /// <param name="peer">The domain that may map the pages.</param>
    public static GrantExport Create(DmaBuffer buffer, ushort own, ushort peer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        CheckCanGrant(buffer, own, peer);
        var device = GrantMapper.OpenDevice();
        FileDescriptor? copy = null;
        try
        {
            // A separate descriptor, by whose number the driver finds the grants when they are released.
            copy = buffer.Use(descriptor => Fcntl.Duplicate(descriptor)
                ?? throw new KernelException("fcntl", Errno.Last, buffer.ToString()));
            var refs = RoomForRefs(buffer);
            if (!Gntdev.ToRefs(device, copy, peer, refs))
            {
                throw new KernelException(
                    nameof(Gntdev.IOCTL_GNTDEV_DMABUF_IMP_TO_REFS), Errno.Last, $"{buffer} for domain {peer}");
            }

            var grants = new GrantRefs { Domain = own, PeerDomain = peer, Refs = refs, ShareId = Guid.NewGuid() };
            return new GrantExport(device, copy, grants);
        }
        catch
        {
            copy?.Dispose();
            device.Dispose();
            throw;
        }
    }

    /// <summary>Refuses a buffer whose pages cannot be granted.</summary>
    /// <exception cref="BufferException">BadSize, OtherDomain.</exception>
    internal static void CheckCanGrant(DmaBuffer buffer, ushort own, ushort peer)
    {
        if (buffer.Size % GrantRefs.GrantPageSize != 0)
        {
            throw new BufferException(
                BufferFault.BadSize,
                $"{buffer} is not a whole number of pages of {GrantRefs.GrantPageSize} bytes.",
                "Grants are for whole pages: make the buffer larger.");
        }

        // The kernel would report success, but Xen lets nobody map pages that are not the granter's own.
        if ((GrantRefs.Of(buffer) is { } origin && origin.Domain != own) || buffer.Exporter == "xen_gntdev")
        {
            throw new BufferException(
                BufferFault.OtherDomain,
                $"{buffer} consists of another domain's pages, and a domain can grant only its own.",
                $"Have that domain export its buffer for domain {peer} too.");
        }
    }

    /// <summary>
    /// Room for one reference for each page of the buffer, but for no more than could be granted: the kernel refuses
    /// any other number. A memfd that a peer sent may claim terabytes without having any memory. The driver's own limit
    /// is not read, because that takes longer than the grants of a small buffer.
    /// </summary>
    internal static uint[] RoomForRefs(DmaBuffer buffer) =>
        new uint[Math.Min(buffer.Size / GrantRefs.GrantPageSize, GrantMapper.MostPages)];

    /// <summary>The refusal to send something that the given domain may not map.</summary>
    public static BufferException NotGranted(object shared, ushort peer) =>
        new(
            BufferFault.OtherDomain,
            $"Domain {peer} was not granted {shared}.",
            $"Export the buffer for domain {peer} and send those references.");

    /// <summary>The refusal to end or wait for grants that this process does not hold.</summary>
    public static BufferException NoLease(SharedPages pages) =>
        new(
            BufferFault.NoLease,
            $"This session does not {(pages is GrantRefs ? "grant" : "share")} {pages}.",
            "Only the session that exported them can do that, and only until they are revoked.");

    /// <summary>The refusal to end what a buffer does not have.</summary>
    internal static BufferException NoLease(DmaBuffer buffer) =>
        new(
            BufferFault.NoLease,
            $"This session grants no pages of {buffer}.",
            "A buffer is granted by an export, and only the session that exported it can end that.");

    /// <summary>The refusal to wait where no peer can report.</summary>
    public static BufferException NoPeer(object shared) =>
        new(
            BufferFault.NoPeer,
            $"This session sent {shared} to no peer that can report its release.",
            "Send it to a peer first. A peer that got references by remoting, a job or a file cannot report: ask it, "
            + "then revoke them.");

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
