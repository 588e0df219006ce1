using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Grants;

/// <summary>Imports another domain's pages with the grant device (drivers/xen/gntdev.c, gntdev-dmabuf.c).</summary>
public static class GrantMapper
{
    /// <summary>The causes of EINVAL when references are mapped, which the kernel does not tell apart.</summary>
    internal const string RefusedAction =
        "The references are not valid for this domain. Check the exporter's domain id; that the export was made for "
        + "this domain and is still open (it ends when it is revoked, and with the process or remote session that made "
        + "it); and that an exporting PV domain was booted with iommu=soft.";

    /// <summary>More pages than this are never asked for, whatever the driver's limit.</summary>
    internal const int MostPages = 1 << 20;

    /// <summary>
    /// The most pages that the driver takes in one buffer (module parameter <c>limit</c>; 65536 by default).
    /// </summary>
    public static int MaxPages =>
        (int)Math.Clamp(SysFile.ReadNumber("/sys/module/xen_gntdev/parameters/limit") ?? 65536, 1, MostPages);

    /// <summary>Refuses references whose domain ids show that this domain cannot map them.</summary>
    /// <exception cref="BufferException">OtherDomain, OwnDomain.</exception>
    public static void CheckIsFor(GrantRefs grants, ushort own)
    {
        ArgumentNullException.ThrowIfNull(grants);
        if (grants.Domain == own)
        {
            throw new BufferException(BufferFault.OwnDomain, $"{grants} are for pages of this domain itself.",
                "Use the buffer that was exported; another process of this domain can get its descriptor over a unix "
                + "socket.");
        }

        if (grants.PeerDomain != own)
        {
            throw new BufferException(BufferFault.OtherDomain, $"{grants} are not for this domain, which is {own}.",
                $"Import them in domain {grants.PeerDomain}, or export the buffer for domain {own}.");
        }
    }

    /// <summary>
    /// Maps the references' pages, which works in every domain. The pages are mapped at once, so that bad references
    /// fail here. Errors: <see cref="KernelException"/> (open; IOCTL_GNTDEV_MAP_GRANT_REF and mmap: EINVAL for bad
    /// references, a wrong domain, references that their exporter revoked, and more than the driver's limit).
    /// </summary>
    public static DmaBuffer ImportMapping(GrantRefs grants) => Import(grants, ImportMethod.Mapping);

    /// <summary>
    /// Makes a buffer from references; <see cref="DmaBuffer.Origin"/> shows in which way. Errors: where a dma-buf is
    /// wanted, <see cref="KernelException"/> (open; IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS: ENOTTY where the kernel cannot,
    /// EINVAL in PV domains, for bad references and for a wrong domain alike); otherwise those of
    /// <see cref="ImportMapping"/>, which are clearer.
    /// </summary>
    public static DmaBuffer Import(GrantRefs grants, ImportMethod method = ImportMethod.Any) =>
        OnDevice(grants, device => ImportOn(device, grants, method));

    /// <summary>
    /// Like <see cref="ImportMapping"/>, and makes the grant device clear the first byte when the mapping ends, even
    /// with a killed process. Errors: also SET_UNMAP_NOTIFY.
    /// </summary>
    internal static DmaBuffer ImportNoticePage(GrantRefs page) =>
        OnDevice(page, device => Map(device, page, clearFirstByteAtUnmap: true));

    /// <summary>Makes a mapping. The device keeps the references until it is closed.</summary>
    /// <exception cref="KernelException">IOCTL_GNTDEV_MAP_GRANT_REF, mmap.</exception>
    internal static Mapping Map(FileDescriptor device, GrantRefs grants)
    {
        var offset = Prepare(device, grants);
        try
        {
            return Mapping.Create(device, offset, grants.Size, grants, RefusedAction);
        }
        catch
        {
            // The device keeps the pages that it prepared until it is closed, and callers try again.
            Gntdev.UnmapRefs(device, offset, grants.Count);
            throw;
        }
    }

    /// <summary>Makes a buffer with a new device handle, which is closed on failure.</summary>
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

    private static DmaBuffer ImportOn(FileDescriptor device, GrantRefs grants, ImportMethod method)
    {
        if (method == ImportMethod.Mapping)
            return Map(device, grants, clearFirstByteAtUnmap: false);
        if (Gntdev.FromRefs(device, grants.Domain, grants.Refs.ToArray()) is { } fd)
            return DmaBuffer.On(Owned(fd, device, grants));
        // Every import in a PV domain takes this path, so it must not cost an exception.
        return method == ImportMethod.DmaBuf || Errno.Last is not (Errno.ENOTTY or Errno.EINVAL)
            ? throw new KernelException(nameof(Gntdev.IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS), Errno.Last, $"{grants}")
            : Map(device, grants, clearFirstByteAtUnmap: false);
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
            // Maps the pages now, so that bad references fail here and not at the first access; the notice needs mapped
            // pages too.
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
        return offset >= 0
            ? offset
            : throw new KernelException(nameof(Gntdev.IOCTL_GNTDEV_MAP_GRANT_REF), Errno.Last, grants.ToString());
    }

    private static void CheckCount(GrantRefs grants)
    {
        if (grants.Count == 0)
        {
            throw new BufferException(
                BufferFault.BadSize, "There are no references to import.", "Export a buffer of at least one page.");
        }
    }

    internal static FileDescriptor OpenDevice()
    {
        GrantRefs.CheckKernel();
        return Fcntl.Open(Gntdev.DEVICE, Fcntl.O_RDWR) ?? throw new KernelException("open", Errno.Last, Gntdev.DEVICE);
    }
}
