using System.Runtime.InteropServices;

namespace DmaBuf.Interop;

/// <summary>xen/gntalloc.h: pages that are granted as they are allocated.</summary>
internal static unsafe class Gntalloc
{
    public const string DEVICE = "/dev/xen/gntalloc";
    public const ushort GNTALLOC_FLAG_WRITABLE = 1;

    public static readonly uint IOCTL_GNTALLOC_ALLOC_GREF = Ioctl.IO<ioctl_gntalloc_alloc_gref>('G', 5);
    public static readonly uint IOCTL_GNTALLOC_SET_UNMAP_NOTIFY = Ioctl.IO<ioctl_gntalloc_unmap_notify>('G', 7);

    /// <summary>The head and the first of <c>count</c> references, which follow one another directly.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ioctl_gntalloc_alloc_gref
    {
        public ushort domid;
        public ushort flags;
        public uint count;
        public ulong index;
        public uint gref_ids;
    }

    /// <summary>The actions are those of <see cref="Gntdev"/>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ioctl_gntalloc_unmap_notify
    {
        public ulong index;
        public uint action;
        public uint event_channel_port;
    }

    /// <summary>
    /// ALLOC_GREF: allocates pages, writable by a domain. The references fill <paramref name="refs"/>.
    /// </summary>
    /// <remarks>Errors: ENOSPC (over the module parameter limit, or no grants left), ENOMEM.</remarks>
    /// <returns>The offset to mmap the device at, or -1 with the error number in <see cref="Errno.Last"/>.</returns>
    public static long Allocate(FileDescriptor device, ushort domain, Span<uint> refs)
    {
        // gref_ids follows index directly; the struct's size includes padding after it.
        var head = sizeof(ioctl_gntalloc_alloc_gref) - sizeof(ulong);
        var bytes = new byte[Math.Max(sizeof(ioctl_gntalloc_alloc_gref), head + checked(refs.Length * sizeof(uint)))];
        var argument = new ioctl_gntalloc_alloc_gref
        {
            domid = domain,
            flags = GNTALLOC_FLAG_WRITABLE,
            count = (uint)refs.Length,
        };
        MemoryMarshal.Write(bytes.AsSpan(), in argument);
        fixed (byte* pointer = bytes)
        {
            if (Ioctl.Call(
                device,
                IOCTL_GNTALLOC_ALLOC_GREF,
                $"{nameof(IOCTL_GNTALLOC_ALLOC_GREF)}, {refs.Length} pages, domain {domain}",
                pointer) < 0)
                return -1;
            MemoryMarshal.Cast<byte, uint>(bytes.AsSpan(head))[..refs.Length].CopyTo(refs);
            return (long)((ioctl_gntalloc_alloc_gref*)pointer)->index;
        }
    }

    /// <summary>
    /// SET_UNMAP_NOTIFY: sets what happens when this domain no longer uses the page at an offset. Errors: ENOENT,
    /// EINVAL (no such event channel).
    /// </summary>
    public static bool SetUnmapNotify(FileDescriptor device, ulong index, uint action, uint eventPort)
    {
        var argument = new ioctl_gntalloc_unmap_notify
        {
            index = index, action = action, event_channel_port = eventPort,
        };
        return Ioctl.Call(
            device,
            IOCTL_GNTALLOC_SET_UNMAP_NOTIFY,
            $"{nameof(IOCTL_GNTALLOC_SET_UNMAP_NOTIFY)}, 0x{index:x}, {action}, port {eventPort}",
            ref argument) == 0;
    }
}
