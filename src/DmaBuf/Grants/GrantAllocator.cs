using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Grants;

/// <summary>
/// Pages that are shared with another domain when they are allocated (drivers/xen/gntalloc.c), without a dma-buf.
/// </summary>
public static class GrantAllocator
{
    private const string Limit = "/sys/module/xen_gntalloc/parameters/limit";

    /// <summary>
    /// Allocates pages that a domain may map; <see cref="DmaBuffer.Shared"/> has the references. They end when the
    /// buffer is disposed and the peer has unmapped them. Errors: <see cref="BufferException"/> (BadSize, BadName,
    /// PageSize),
    /// <see cref="KernelException"/> (open; ALLOC_GREF: ENOSPC over the module's limit or without free grants, ENOMEM).
    /// </summary>
    /// <param name="size">The size in bytes: a positive multiple of 4096.</param>
    /// <param name="own">This domain's id.</param>
    /// <param name="peer">The domain that may map the pages.</param>
    /// <param name="name">The buffer's name, or null.</param>
    public static DmaBuffer Allocate(long size, ushort own, ushort peer, string? name = null)
    {
        GrantRefs.CheckKernel();
        DmaBuffer.CheckName(name);
        PageSizes.CheckSize(size, hugePages: false);
        var pages = size / GrantRefs.GrantPageSize;
        // The driver would refuse this too, but only after room for more references than any domain has was allocated.
        if (pages > 1 << 20 && SysFile.ReadNumber(Limit) is { } most && pages > most)
            throw NoSpace(pages);
        var device = Fcntl.Open(Gntalloc.DEVICE, Fcntl.O_RDWR)
            ?? throw new KernelException("open", Errno.Last, Gntalloc.DEVICE);
        try
        {
            var refs = new uint[pages];
            var offset = AllocatePages(device, peer, refs);
            var grants = new GrantRefs { Domain = own, PeerDomain = peer, Refs = refs, ShareId = Guid.NewGuid() };
            return DmaBuffer.On(new GrantPagesBacking(device, offset, grants), name);
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    /// <summary>Allocates one page for each reference, and returns the offset to mmap the device at.</summary>
    /// <exception cref="KernelException">IOCTL_GNTALLOC_ALLOC_GREF.</exception>
    internal static long AllocatePages(FileDescriptor device, ushort peer, Span<uint> refs)
    {
        var offset = Gntalloc.Allocate(device, peer, refs);
        if (offset >= 0)
            return offset;
        throw Errno.Last == Errno.ENOSPC
            ? NoSpace(refs.Length)
            : new KernelException(nameof(Gntalloc.IOCTL_GNTALLOC_ALLOC_GREF), Errno.Last, Target(refs.Length));
    }

    private static string Target(long pages) => $"{Gntalloc.DEVICE} for {Quantity.Of(pages, "page")}";

    private static KernelException NoSpace(long pages)
    {
        var action = SysFile.ReadNumber(Limit) is { } limit && pages > limit
            ? $"The module allocates at most {limit} pages in total: raise {Limit}, or remove buffers; Xen's own limit "
                + "is gnttab_max_frames."
            : $"This domain has no grant references left, or the module has allocated all of its pages ({Limit}): "
                + "remove buffers, or raise gnttab_max_frames, for a guest max_grant_frames in its configuration.";
        return new KernelException(nameof(Gntalloc.IOCTL_GNTALLOC_ALLOC_GREF), Errno.ENOSPC, Target(pages), action);
    }
}
