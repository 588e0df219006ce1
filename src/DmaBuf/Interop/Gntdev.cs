using System.Runtime.InteropServices;

namespace DmaBuf.Interop;

/// <summary>xen/gntdev.h: grant references to and from dma-bufs, and mappings of another domain's pages.</summary>
internal static unsafe class Gntdev
{
    public const string DEVICE = "/dev/xen/gntdev";

    /// <summary>Sets the byte at the index to zero.</summary>
    public const uint UNMAP_NOTIFY_CLEAR_BYTE = 1;

    /// <summary>Sends an event on an event channel.</summary>
    public const uint UNMAP_NOTIFY_SEND_EVENT = 2;

    public static readonly uint IOCTL_GNTDEV_MAP_GRANT_REF = Ioctl.IO<ioctl_gntdev_map_grant_ref>('G', 0);
    public static readonly uint IOCTL_GNTDEV_UNMAP_GRANT_REF = Ioctl.IO<ioctl_gntdev_unmap_grant_ref>('G', 1);
    public static readonly uint IOCTL_GNTDEV_SET_UNMAP_NOTIFY = Ioctl.IO<ioctl_gntdev_unmap_notify>('G', 7);
    public static readonly uint IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS = Ioctl.IO<ioctl_gntdev_dmabuf_exp_from_refs>('G', 9);
    public static readonly uint IOCTL_GNTDEV_DMABUF_EXP_WAIT_RELEASED = Ioctl.IO<ioctl_gntdev_dmabuf_exp_wait_released>(
        'G', 10);
    public static readonly uint IOCTL_GNTDEV_DMABUF_IMP_TO_REFS = Ioctl.IO<ioctl_gntdev_dmabuf_imp_to_refs>('G', 11);
    public static readonly uint IOCTL_GNTDEV_DMABUF_IMP_RELEASE = Ioctl.IO<ioctl_gntdev_dmabuf_imp_release>('G', 12);

    [StructLayout(LayoutKind.Sequential)]
    public struct ioctl_gntdev_grant_ref
    {
        public uint domid;
        public uint @ref;
    }

    /// <summary>The head and the first of <c>count</c> references, which follow one another directly.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ioctl_gntdev_map_grant_ref
    {
        public uint count;
        public uint pad;
        public ulong index;
        public ioctl_gntdev_grant_ref refs;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct ioctl_gntdev_unmap_grant_ref
    {
        public ulong index;
        public uint count;
        public uint pad;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct ioctl_gntdev_unmap_notify
    {
        public ulong index;
        public uint action;
        public uint event_channel_port;
    }

    /// <inheritdoc cref="ioctl_gntdev_map_grant_ref"/>
    [StructLayout(LayoutKind.Sequential)]
    public struct ioctl_gntdev_dmabuf_exp_from_refs
    {
        public uint flags;
        public uint count;
        public uint fd;
        public uint domid;
        public uint refs;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct ioctl_gntdev_dmabuf_exp_wait_released
    {
        public uint fd;
        public uint wait_to_ms;
    }

    /// <inheritdoc cref="ioctl_gntdev_map_grant_ref"/>
    [StructLayout(LayoutKind.Sequential)]
    public struct ioctl_gntdev_dmabuf_imp_to_refs
    {
        public uint fd;
        public uint count;
        public uint domid;
        public uint reserved;
        public uint refs;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct ioctl_gntdev_dmabuf_imp_release
    {
        public uint fd;
        public uint reserved;
    }

    /// <summary>
    /// IMP_TO_REFS: grants the pages of a dma-buf to a domain. The references fill <paramref name="refs"/>.
    /// </summary>
    /// <remarks>Errors: ENOTTY (not compiled in), EINVAL (count, no dma-buf), EBADF, ENOSPC (no grants left).</remarks>
    public static bool ToRefs(FileDescriptor device, FileDescriptor buffer, ushort domain, Span<uint> refs)
    {
        var head = sizeof(ioctl_gntdev_dmabuf_imp_to_refs) - sizeof(uint);
        var bytes = new byte[head + (refs.Length * sizeof(uint))];
        var argument = new ioctl_gntdev_dmabuf_imp_to_refs
        {
            fd = (uint)buffer.Number,
            count = (uint)refs.Length,
            domid = domain,
        };
        MemoryMarshal.Write(bytes.AsSpan(), in argument);
        fixed (byte* pointer = bytes)
        {
            if (Ioctl.Call(
                device,
                IOCTL_GNTDEV_DMABUF_IMP_TO_REFS,
                $"{nameof(IOCTL_GNTDEV_DMABUF_IMP_TO_REFS)}, fd {buffer.Number}, {refs.Length} pages, domain {domain}",
                pointer) < 0)
                return false;
        }

        MemoryMarshal.Cast<byte, uint>(bytes.AsSpan(head)).CopyTo(refs);
        return true;
    }

    /// <summary>IMP_RELEASE: ends the grants made for a descriptor. Errors: ENOENT (there are none).</summary>
    public static bool ReleaseRefs(FileDescriptor device, int buffer)
    {
        var argument = new ioctl_gntdev_dmabuf_imp_release { fd = (uint)buffer };
        return Ioctl.Call(
            device,
            IOCTL_GNTDEV_DMABUF_IMP_RELEASE,
            $"{nameof(IOCTL_GNTDEV_DMABUF_IMP_RELEASE)}, fd {buffer}",
            ref argument) == 0;
    }

    /// <summary>EXP_FROM_REFS: a dma-buf of another domain's pages. Errors: ENOTTY, EINVAL (everything else).</summary>
    public static FileDescriptor? FromRefs(FileDescriptor device, ushort domain, ReadOnlySpan<uint> refs)
    {
        var head = sizeof(ioctl_gntdev_dmabuf_exp_from_refs) - sizeof(uint);
        var bytes = new byte[Math.Max(sizeof(ioctl_gntdev_dmabuf_exp_from_refs), head + (refs.Length * sizeof(uint)))];
        var argument = new ioctl_gntdev_dmabuf_exp_from_refs { count = (uint)refs.Length, domid = domain };
        MemoryMarshal.Write(bytes.AsSpan(), in argument);
        refs.CopyTo(MemoryMarshal.Cast<byte, uint>(bytes.AsSpan(head)));
        fixed (byte* pointer = bytes)
        {
            return Ioctl.Call(
                device,
                IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS,
                $"{nameof(IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS)}, {refs.Length} pages, domain {domain}",
                pointer) < 0
                ? null
                : new FileDescriptor((int)((ioctl_gntdev_dmabuf_exp_from_refs*)pointer)->fd);
        }
    }

    /// <summary>EXP_WAIT_RELEASED. Errors: ETIMEDOUT (still in use), ENOENT (gone already).</summary>
    public static bool WaitReleased(FileDescriptor device, int buffer, uint milliseconds)
    {
        var argument = new ioctl_gntdev_dmabuf_exp_wait_released { fd = (uint)buffer, wait_to_ms = milliseconds };
        return Ioctl.Call(
            device,
            IOCTL_GNTDEV_DMABUF_EXP_WAIT_RELEASED,
            $"{nameof(IOCTL_GNTDEV_DMABUF_EXP_WAIT_RELEASED)}, fd {buffer}, {milliseconds} ms",
            ref argument) == 0;
    }

    /// <summary>
    /// MAP_GRANT_REF: prepares a mapping of another domain's pages. Errors: EINVAL (count over the limit), ENOMEM.
    /// </summary>
    /// <returns>The offset to mmap the device at, or -1 with the error number in <see cref="Errno.Last"/>.</returns>
    public static long MapRefs(FileDescriptor device, ushort domain, ReadOnlySpan<uint> refs)
    {
        var head = sizeof(ioctl_gntdev_map_grant_ref) - sizeof(ioctl_gntdev_grant_ref);
        var bytes = new byte[Math.Max(
            sizeof(ioctl_gntdev_map_grant_ref), head + (refs.Length * sizeof(ioctl_gntdev_grant_ref)))];
        var argument = new ioctl_gntdev_map_grant_ref { count = (uint)refs.Length };
        MemoryMarshal.Write(bytes.AsSpan(), in argument);
        var list = MemoryMarshal.Cast<byte, ioctl_gntdev_grant_ref>(bytes.AsSpan(head));
        for (var i = 0; i < refs.Length; i++)
            list[i] = new ioctl_gntdev_grant_ref { domid = domain, @ref = refs[i] };
        fixed (byte* pointer = bytes)
        {
            return Ioctl.Call(
                device,
                IOCTL_GNTDEV_MAP_GRANT_REF,
                $"{nameof(IOCTL_GNTDEV_MAP_GRANT_REF)}, {refs.Length} pages, domain {domain}",
                pointer) < 0
                ? -1
                : (long)((ioctl_gntdev_map_grant_ref*)pointer)->index;
        }
    }

    /// <summary>
    /// UNMAP_GRANT_REF: frees what MAP_GRANT_REF prepared, once it is not mapped. Errors: ENOENT (there is no such
    /// offset and count).
    /// </summary>
    public static bool UnmapRefs(FileDescriptor device, long offset, int count)
    {
        var argument = new ioctl_gntdev_unmap_grant_ref { index = (ulong)offset, count = (uint)count };
        return Ioctl.Call(
            device,
            IOCTL_GNTDEV_UNMAP_GRANT_REF,
            $"{nameof(IOCTL_GNTDEV_UNMAP_GRANT_REF)}, 0x{offset:x}, {count} pages",
            ref argument) == 0;
    }

    /// <summary>
    /// SET_UNMAP_NOTIFY: sets what happens when the page at an offset is unmapped. Errors: ENOENT, EINVAL (the mapping
    /// is read-only, no such event channel).
    /// </summary>
    public static bool SetUnmapNotify(FileDescriptor device, ulong index, uint action, uint eventPort = 0)
    {
        var argument = new ioctl_gntdev_unmap_notify
        {
            index = index, action = action, event_channel_port = eventPort,
        };
        return Ioctl.Call(
            device,
            IOCTL_GNTDEV_SET_UNMAP_NOTIFY,
            $"{nameof(IOCTL_GNTDEV_SET_UNMAP_NOTIFY)}, 0x{index:x}, {action}",
            ref argument) == 0;
    }
}
