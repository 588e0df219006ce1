using System.Runtime.InteropServices;
using DmaBuf.Interop;

namespace DmaBuf;

/// <summary>A shared memory mapping: unmapped once the buffer is closed and no view uses it any more.</summary>
internal sealed unsafe class Mapping : SafeHandle
{
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

    /// <summary>Maps a whole buffer, read-write where its descriptor allows it and read-only where not.</summary>
    public static Mapping Create(FileDescriptor fd, long length, string target)
    {
        var access = Fcntl.GetFlags(fd) & Fcntl.O_ACCMODE;
        if (access == Fcntl.O_RDWR)
        {
            var both = Mman.Map(fd, length, Mman.PROT_READ | Mman.PROT_WRITE);
            if (both != null)
                return new Mapping(both, length, writable: true);
        }

        // EPERM is a memfd sealed against writing, EACCES a device that gives no write access.
        if (access == Fcntl.O_RDONLY || Errno.Last is Errno.EPERM or Errno.EACCES)
        {
            var readOnly = Mman.Map(fd, length, Mman.PROT_READ);
            if (readOnly != null)
                return new Mapping(readOnly, length, writable: false);
        }

        throw new KernelException("mmap", Errno.Last, target, Errno.Last switch
        {
            Errno.EINVAL or Errno.ENODEV => "This exporter gives the processor no mapping of its buffers: hand the buffer on without reading it here.",
            Errno.ENOMEM => "Not enough address space, memory or huge pages: see 'ulimit -v' and /proc/sys/vm/nr_hugepages.",
            _ => null,
        });
    }

    protected override bool ReleaseHandle()
    {
        Mman.Unmap((void*)handle, Length);
        return true;
    }
}
