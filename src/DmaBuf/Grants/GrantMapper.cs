using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Grants;

/// <summary>Imports: buffers of another domain's pages, by the grant device (drivers/xen/gntdev.c, gntdev-dmabuf.c).</summary>
public static class GrantMapper
{
    /// <summary>EINVAL from the mapping of references has these causes, which the kernel does not tell apart.</summary>
    internal const string RefusedAction =
        "The references are not good for this domain. Check the exporter's domain id; that the export was made for this "
        + "domain and is still open (it ends when it is revoked, and with the process or remote session that made it); "
        + "and that an exporting PV domain was booted with iommu=soft.";

    /// <summary>The most pages the driver takes in one buffer (module parameter <c>limit</c>; 65536 by default).</summary>
    public static int MaxPages => (int)Math.Clamp(SysFile.ReadNumber("/sys/module/xen_gntdev/parameters/limit") ?? 65536, 1, 1 << 20);

    /// <summary>Refuses references that this domain cannot map, where their numbers say so.</summary>
    /// <exception cref="BufferException">OtherDomain, OwnDomain.</exception>
    public static void CheckIsFor(GrantRefs grants, ushort own)
    {
        ArgumentNullException.ThrowIfNull(grants);
        if (grants.Domain == own)
        {
            throw new BufferException(BufferFault.OwnDomain, $"{grants} are for pages of this domain itself.",
                "Use the buffer they were made of; a process of this domain can be handed its descriptor over a unix socket.");
        }

        if (grants.PeerDomain != own)
        {
            throw new BufferException(BufferFault.OtherDomain, $"{grants} are not for this domain, which is {own}.",
                $"Import them in domain {grants.PeerDomain}, or export the buffer for domain {own}.");
        }
    }

    /// <summary>
    /// Maps the references' pages, which works in every domain. The pages are mapped at once, so that bad references
    /// fail here. Errors: <see cref="KernelException"/> (open; IOCTL_GNTDEV_MAP_GRANT_REF and mmap: EINVAL for bad references, a
    /// wrong domain, references that their exporter revoked, and more than the driver's limit).
    /// </summary>
    public static DmaBuffer ImportMapping(GrantRefs grants) => Import(grants, ImportMethod.Mapping);

    /// <summary>
    /// Makes a buffer of references; <see cref="DmaBuffer.Origin"/> says which way it went. Errors: where a dma-buf is
    /// wanted, <see cref="KernelException"/> (open; IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS: ENOTTY where the kernel cannot,
    /// EINVAL in PV domains, for bad references and for a wrong domain alike); else those of <see cref="ImportMapping"/>,
    /// which are clearer.
    /// </summary>
    public static DmaBuffer Import(GrantRefs grants, ImportMethod method = ImportMethod.Any) => OnDevice(grants, device =>
    {
        if (method == ImportMethod.Mapping)
            return Map(device, grants, clearFirstByteAtUnmap: false);
        if (Gntdev.FromRefs(device, grants.Domain, grants.Refs.ToArray()) is { } fd)
            return DmaBuffer.On(Owned(fd, device, grants));
        // In a PV domain this is every import's way: it must cost no exception.
        return method == ImportMethod.DmaBuf || Errno.Last is not (Errno.ENOTTY or Errno.EINVAL)
            ? throw new KernelException(nameof(Gntdev.IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS), Errno.Last, $"{grants}")
            : Map(device, grants, clearFirstByteAtUnmap: false);
    });

    /// <summary>
    /// As <see cref="ImportMapping"/>, and has the grant device clear the first byte when the mapping ends, a killed
    /// process's included. Errors: also SET_UNMAP_NOTIFY.
    /// </summary>
    internal static DmaBuffer ImportNoticePage(GrantRefs page) =>
        OnDevice(page, device => Map(device, page, clearFirstByteAtUnmap: true));

    /// <summary>A mapping with a grant device handle of its own.</summary>
    internal static Mapping Map(GrantRefs grants)
    {
        var device = OpenDevice();
        try
        {
            return Mapping.Create(device, Prepare(device, grants), grants.Size, grants, RefusedAction, owned: device);
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    /// <summary>Hands a new device handle to what makes a buffer on it; on failure the handle is closed.</summary>
    private static DmaBuffer OnDevice(GrantRefs grants, Func<FileDescriptor, DmaBuffer> make)
    {
        ArgumentNullException.ThrowIfNull(grants);
        CheckCount(grants);
        var device = OpenDevice();
        try
        {
            return make(device);
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    private static GrantDmaBufBacking Owned(FileDescriptor fd, FileDescriptor device, GrantRefs grants)
    {
        try
        {
            return new GrantDmaBufBacking(fd, device, grants);
        }
        catch
        {
            fd.Dispose();
            throw;
        }
    }

    private static DmaBuffer Map(FileDescriptor device, GrantRefs grants, bool clearFirstByteAtUnmap)
    {
        var offset = Prepare(device, grants);
        var buffer = DmaBuffer.On(new GrantMappingBacking(device, offset, grants));
        try
        {
            // Bad references fail here, and not at the first access. The notice is for pages that are mapped.
            buffer.OpenView(BufferAccess.Read).Dispose();
            if (clearFirstByteAtUnmap && !Gntdev.SetUnmapNotify(device, (ulong)offset, Gntdev.UNMAP_NOTIFY_CLEAR_BYTE))
                throw new KernelException(nameof(Gntdev.IOCTL_GNTDEV_SET_UNMAP_NOTIFY), Errno.Last, buffer.ToString());
            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    private static long Prepare(FileDescriptor device, GrantRefs grants)
    {
        var offset = Gntdev.MapRefs(device, grants.Domain, grants.Refs.ToArray());
        return offset >= 0 ? offset : throw new KernelException(nameof(Gntdev.IOCTL_GNTDEV_MAP_GRANT_REF), Errno.Last, grants.ToString());
    }

    private static void CheckCount(GrantRefs grants)
    {
        if (grants.Count == 0)
            throw new BufferException(BufferFault.BadSize, "There are no references to import.", "Export a buffer of at least one page.");
    }

    internal static FileDescriptor OpenDevice()
    {
        GrantRefs.CheckKernel();
        return Fcntl.Open(Gntdev.DEVICE, Fcntl.O_RDWR) ?? throw new KernelException("open", Errno.Last, Gntdev.DEVICE);
    }
}
