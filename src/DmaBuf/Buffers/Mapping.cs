using System.Runtime.InteropServices;
using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Buffers;

/// <summary>A shared memory mapping, unmapped once the buffer is closed and no view uses it.</summary>
internal sealed unsafe class Mapping : SafeHandle
{
    /// <summary>The advice for an exporter that refuses mmap.</summary>
    public const string NoMmapAction =
        "This exporter gives the processor no access to its buffers. The buffer can still be passed on as it is.";

    private Mapping(void* address, long length, bool writable)
        : base(0, ownsHandle: true)
    {
        SetHandle((nint)address);
        Length = length;
        Writable = writable;
    }

    public override bool IsInvalid => handle == 0;

    public byte* Address => (byte*)handle;

    public long Length { get; }

    public bool Writable { get; }

    /// <summary>Maps a whole buffer, read-write where its descriptor allows that, otherwise read-only.</summary>
    /// <param name="fd">The descriptor to map.</param>
    /// <param name="offset">Where in it the buffer starts; grant devices have one offset for each buffer.</param>
    /// <param name="length">The buffer's size in bytes.</param>
    /// <param name="target">The buffer that a failure names.</param>
    /// <param name="refusedAction">The advice for an exporter or device that refuses.</param>
    /// <exception cref="KernelException">
    /// mmap: EACCES for a write-only descriptor, ENOMEM, and <see cref="IsRefusal">the numbers with which exporters
    /// refuse</see>.
    /// </exception>
    public static Mapping Create(FileDescriptor fd, long offset, long length, object target, string refusedAction) =>
        TryCreate(fd, offset, length, target)
            ?? throw new KernelException("mmap", Errno.Last, target.ToString()!, refusedAction);

    /// <summary>
    /// Like <see cref="Create"/>, but returns null where the exporter or device refuses: an exception would take longer
    /// than to map the pages in another way.
    /// </summary>
    /// <exception cref="KernelException">mmap: EACCES for a write-only descriptor, ENOMEM.</exception>
    public static Mapping? TryCreate(FileDescriptor fd, long offset, long length, object target)
    {
        var access = Fcntl.GetFlags(fd) & Fcntl.O_ACCMODE;
        if (access == Fcntl.O_WRONLY)
        {
            throw new KernelException("mmap", Errno.EACCES, target.ToString()!,
                "Its descriptor was opened for writing only, which allows no mapping: get one that allows both.");
        }

        if (access == Fcntl.O_RDWR)
        {
            var both = Mman.Map(fd, offset, length, Mman.PROT_READ | Mman.PROT_WRITE);
            if (both != null)
                return new Mapping(both, length, writable: true);
        }

        // EPERM: a memfd sealed against writing. EACCES: a device that allows no write access.
        if (access == Fcntl.O_RDONLY || Errno.Last is Errno.EPERM or Errno.EACCES)
        {
            var readOnly = Mman.Map(fd, offset, length, Mman.PROT_READ);
            if (readOnly != null)
                return new Mapping(readOnly, length, writable: false);
        }

        var errno = Errno.Last;
        if (IsRefusal(errno))
            return null;
        throw new KernelException("mmap", errno, target.ToString()!, errno == Errno.ENOMEM
            ? "Not enough address space, memory or huge pages: see 'ulimit -v' and /proc/sys/vm/nr_hugepages."
            : null);
    }

    /// <summary>
    /// Whether exporters refuse mmap with this number: EINVAL comes from dma-buf.c where there is no mmap operation,
    /// the rest from drivers.
    /// </summary>
    private static bool IsRefusal(int errno) =>
        errno is Errno.EINVAL or Errno.ENODEV or Errno.ENXIO or Errno.ENOSYS or Errno.EOPNOTSUPP or Errno.ENOTTY
        || KernelErrno.Name(errno) is not null;

    protected override bool ReleaseHandle()
    {
        Mman.Unmap((void*)handle, Length);
        return true;
    }
}
