using System.Runtime.InteropServices;

namespace DmaBuf.Interop;

/// <summary>linux/udmabuf.h: dma-bufs made from the pages of memfds.</summary>
internal static unsafe class Udmabuf
{
    public const string DEVICE = "/dev/udmabuf";
    public const uint UDMABUF_FLAGS_CLOEXEC = 0x01;

    public static readonly uint UDMABUF_CREATE = Ioctl.IOW<udmabuf_create>('u', 0x42);
    public static readonly uint UDMABUF_CREATE_LIST = Ioctl.IOW<udmabuf_create_list>('u', 0x43);

    [StructLayout(LayoutKind.Sequential)]
    public struct udmabuf_create
    {
        public uint memfd;
        public uint flags;
        public ulong offset;
        public ulong size;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct udmabuf_create_item
    {
        public uint memfd;
        public uint __pad;
        public ulong offset;
        public ulong size;
    }

    /// <summary>The head of the list; <c>count</c> items follow it directly.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct udmabuf_create_list
    {
        public uint flags;
        public uint count;
    }

    /// <summary>
    /// UDMABUF_CREATE: one range of one memfd. Errors: EINVAL (seals, alignment, limits), EBADFD, ENOMEM.
    /// </summary>
    public static FileDescriptor? Create(FileDescriptor device, int memfd, long offset, long size)
    {
        var argument = new udmabuf_create
        {
            memfd = (uint)memfd,
            flags = UDMABUF_FLAGS_CLOEXEC,
            offset = (ulong)offset,
            size = (ulong)size,
        };
        return Owned(Ioctl.Call(
            device,
            UDMABUF_CREATE,
            $"{nameof(UDMABUF_CREATE)}, memfd {memfd}, offset {offset}, size {size}",
            ref argument));
    }

    /// <summary>UDMABUF_CREATE_LIST: parts of memfds, one after another. Errors: as <see cref="Create"/>.</summary>
    public static FileDescriptor? CreateList(FileDescriptor device, ReadOnlySpan<udmabuf_create_item> items)
    {
        var bytes = new byte[sizeof(udmabuf_create_list) + items.Length * sizeof(udmabuf_create_item)];
        var head = new udmabuf_create_list { flags = UDMABUF_FLAGS_CLOEXEC, count = (uint)items.Length };
        MemoryMarshal.Write(bytes, in head);
        MemoryMarshal.AsBytes(items).CopyTo(bytes.AsSpan(sizeof(udmabuf_create_list)));
        fixed (byte* argument = bytes)
            return Owned(Ioctl.Call(
                device, UDMABUF_CREATE_LIST, $"{nameof(UDMABUF_CREATE_LIST)}, {items.Length} items", argument));
    }

    private static FileDescriptor? Owned(int fd) => fd < 0 ? null : new FileDescriptor(fd);
}
