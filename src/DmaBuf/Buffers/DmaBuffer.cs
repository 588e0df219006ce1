using System.Text;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Interop;
using DmaBuf.Waits;

namespace DmaBuf.Buffers;

/// <summary>
/// An open buffer: a dma-buf, a sealed memfd that stands in for one, or pages shared with another domain by a grant
/// device. It owns its descriptor and its one mapping.
/// Safe to use from several threads; a view that is open when the buffer is disposed stays valid until it is closed.
/// </summary>
public sealed class DmaBuffer : IDisposable
{
    private readonly FileDescriptor _fd;
    private readonly object _lock = new();
    private IDisposable? _peer;
    private Mapping? _mapping;
    private string? _name;
    private string? _exporter;
    private readonly long _mapOffset;
    private Func<Mapping>? _mapOtherwise;
    private FileDescriptor? _companion;
    private volatile bool _closed;

    private DmaBuffer(FileDescriptor fd, BufferOrigin origin, bool isDmaBuf, ulong inode, long size, long mapOffset = 0)
    {
        _fd = fd;
        Origin = origin;
        IsDmaBuf = isDmaBuf;
        Inode = inode;
        Size = size;
        Fd = fd.Number;
        _mapOffset = mapOffset;
        _exporter = isDmaBuf ? null : origin switch
        {
            BufferOrigin.GrantMapping => "gntdev",
            BufferOrigin.GrantAlloc => "gntalloc",
            _ => "memfd",
        };
    }

    /// <summary>The size in bytes, as the kernel reports it.</summary>
    public long Size { get; }

    /// <summary>The size in pages of this kernel (see <c>getconf PAGESIZE</c>), rounded up.</summary>
    public long PageCount => (Size + Environment.SystemPageSize - 1) / Environment.SystemPageSize;

    /// <summary>Where the memory came from.</summary>
    public BufferOrigin Origin { get; }

    /// <summary>True for a dma-buf, false for a memfd or a grant device's pages.</summary>
    public bool IsDmaBuf { get; }

    /// <summary>The descriptor's number in this process, as /proc/self/fd shows it; -1 once the buffer is removed.</summary>
    public int Fd { get; private set; }

    /// <summary>The inode number: the same in every process that holds this buffer.</summary>
    public ulong Inode { get; }

    /// <summary>The other domain: whose pages an import shows, or who was granted a GrantAlloc's pages; else null.</summary>
    public ushort? Domain => Grants is null ? null : Origin == BufferOrigin.GrantAlloc ? Grants.PeerDomain : Grants.Domain;

    /// <summary>The references behind an import or a GrantAlloc; null for memory of this domain's own.</summary>
    public GrantRefs? Grants { get; private init; }

    /// <summary>False once the buffer is removed.</summary>
    public bool IsOpen => !_closed;

    /// <summary>True while this process holds anything of the buffer: also where <see cref="WaitReleased"/> was not waited out.</summary>
    public bool IsHeld => !_closed || _companion is { IsClosed: false };

    /// <summary>
    /// The buffer's name (DMA_BUF_SET_NAME), or null. Whoever holds the buffer can change it, so a dma-buf is asked
    /// anew each time; the last answer stays once it is removed. Setting it takes at most 31 bytes of UTF-8.
    /// Errors: <see cref="BufferException"/> (BadName, Removed), <see cref="KernelException"/>.
    /// </summary>
    public string? Name
    {
        get
        {
            if (IsDmaBuf)
                ReadKernelNames();
            return _name;
        }
        set
        {
            ThrowIfRemoved();
            CheckName(value ?? "");
            if (IsDmaBuf && !DmaBufUapi.SetName(_fd, value ?? ""))
                throw new KernelException("DMA_BUF_SET_NAME", Errno.Last, ToString());
            _name = value;
        }
    }

    /// <summary>The kernel's <c>exp_name</c>: who made the buffer, such as <c>udmabuf</c> or <c>system</c>; <c>memfd</c> for a memfd.</summary>
    public string Exporter
    {
        get
        {
            if (IsDmaBuf && _exporter is null)
                ReadKernelNames();
            return _exporter ?? "";
        }
    }

    /// <summary>The link it came by, kept until the buffer is closed, so that the peer sees when this side is done.</summary>
    internal IDisposable? Peer
    {
        set => _peer = value;
    }

    internal FileDescriptor Descriptor
    {
        get
        {
            ThrowIfRemoved();
            return _fd;
        }
    }

    /// <summary>
    /// Takes over a descriptor after asking the kernel what it is, and names the buffer. On failure the descriptor is closed.
    /// Errors: <see cref="BufferException"/> (NotABuffer, NotSealed), <see cref="KernelException"/>.
    /// </summary>
    /// <remarks>
    /// A dma-buf's pages cannot be taken away, and a memfd's only where F_SEAL_SHRINK is missing: such a memfd is
    /// refused unless <paramref name="origin"/> says that this process made it.
    /// </remarks>
    internal static DmaBuffer Adopt(FileDescriptor fd, BufferOrigin origin, string? name = null)
    {
        try
        {
            var (isDmaBuf, inode, size) = Inspect(fd, origin);
            var buffer = new DmaBuffer(fd, origin, isDmaBuf, inode, size);
            if (name is not null)
                buffer.Name = name;
            return buffer;
        }
        catch
        {
            fd.Dispose();
            throw;
        }
    }

    /// <summary>A buffer of pages that a grant device maps at an offset. The device's handle is the buffer's from now on.</summary>
    internal static DmaBuffer OfGrantDevice(FileDescriptor device, long offset, BufferOrigin origin, GrantRefs grants) =>
        new(device, origin, isDmaBuf: false, inode: 0, grants.Size, offset) { Grants = grants };

    /// <summary>
    /// A dma-buf that the grant device made of references. Where the kernel gives it no mmap, the processor reaches
    /// the pages by a mapping of the same references. The device's handle is the buffer's from now on.
    /// </summary>
    internal static DmaBuffer OfGrantRefs(FileDescriptor fd, FileDescriptor device, GrantRefs grants, Func<Mapping> mapOtherwise)
    {
        try
        {
            var (isDmaBuf, inode, size) = Inspect(fd, BufferOrigin.GrantImport);
            return new DmaBuffer(fd, BufferOrigin.GrantImport, isDmaBuf, inode, size)
            {
                Grants = grants,
                _companion = device,
                _mapOtherwise = mapOtherwise,
            };
        }
        catch
        {
            fd.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Opens the buffer's bytes between DMA_BUF_IOCTL_SYNC START and END. Dispose the view to end the access.
    /// Errors: <see cref="BufferException"/> (Removed, ReadOnly, NotSealed), <see cref="KernelException"/> (mmap, sync).
    /// </summary>
    public BufferView OpenView(BufferAccess access)
    {
        var mapping = AcquireMapping();
        try
        {
            if (access == BufferAccess.ReadWrite && !mapping.Writable)
            {
                throw new BufferException(BufferFault.ReadOnly, $"{this} can only be read.",
                    "Its descriptor was opened for reading, or its seals forbid writing: get one that allows both.");
            }

            return new BufferView(this, _fd, mapping, access);
        }
        catch
        {
            ReleaseMapping(mapping);
            throw;
        }
    }

    /// <summary>Refuses a buffer that was removed. Errors: <see cref="BufferException"/> (Removed).</summary>
    public void ThrowIfRemoved()
    {
        if (_closed)
        {
            throw new BufferException(BufferFault.Removed, $"{this} was removed.",
                "Make or receive it again; Get-DmaBuf lists the buffers that are open.");
        }
    }

    /// <summary>
    /// Has the grant device clear the first byte of a mapping when it ends, a killed process's included.
    /// Errors: <see cref="KernelException"/> (SET_UNMAP_NOTIFY).
    /// </summary>
    internal void ClearFirstByteAtUnmap()
    {
        if (!Gntdev.SetUnmapNotify(_fd, (ulong)_mapOffset, Gntdev.UNMAP_NOTIFY_CLEAR_BYTE))
            throw new KernelException("SET_UNMAP_NOTIFY", Errno.Last, ToString());
    }

    /// <summary>
    /// Closes the descriptor and the mapping (once no view is open), and after that the link to the peer it came from,
    /// which learns so that this side is done. Idempotent.
    /// </summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_mapping is { IsClosed: false } mapping)
            {
                mapping.Last = _peer;
                _peer = null;
            }

            GiveUpHold();
            _companion?.Dispose();
            _peer?.Dispose();
            _peer = null;
        }
    }

    /// <summary>
    /// Gives up this process's own hold on a dma-buf that the grant device made of references, and waits until nobody
    /// else has it (EXP_WAIT_RELEASED): other processes it was sent to, devices, views that are open here. The buffer is
    /// closed from the start; after a time limit the wait can be repeated, until it is disposed.
    /// Errors: <see cref="BufferException"/> (CannotWait: it is no such dma-buf), <see cref="KernelException"/>,
    /// <see cref="WaitTimeoutException"/>.
    /// </summary>
    public void WaitReleased(WaitLimit limit)
    {
        const int SliceMilliseconds = 200;
        ArgumentNullException.ThrowIfNull(limit);
        if (_companion is not { } device)
        {
            throw new BufferException(BufferFault.CannotWait, $"{this} is no dma-buf of grant references.",
                "Remove-DmaBuf ends this session's use of it, and whoever shared it learns of that.");
        }

        var name = ToString();
        lock (_lock)
        {
            if (!IsHeld)
                ThrowIfRemoved();
            GiveUpHold();
        }

        // The driver knows its dma-bufs by the numbers they had when it made them.
        while (!Gntdev.WaitReleased(device, _fd.Number, SliceMilliseconds) && Errno.Last != Errno.ENOENT)
        {
            if (Errno.Last != Errno.ETIMEDOUT)
                throw new KernelException("EXP_WAIT_RELEASED", Errno.Last, name);
            limit.Pause(0, $"all holders of {name} to close it");
        }

        Dispose();
    }

    private void GiveUpHold()
    {
        if (_closed)
            return;
        _closed = true;
        Fd = -1;
        _fd.Dispose();
        _mapping?.Dispose();
    }

    /// <summary>What a message calls this buffer: its name if it has one, its size and its inode.</summary>
    public override string ToString()
    {
        var name = Name;
        var kind = IsDmaBuf ? "dma-buf" : Grants is null ? "memfd" : "grant mapping";
        var where = Inode == 0 ? $"domain {Domain}" : $"inode {Inode}";
        return $"{kind} {(name is null ? "" : $"'{name}' ")}of {Size} bytes ({where})";
    }

    /// <summary>The given range, checked: a missing count means up to the end.</summary>
    internal (long Offset, long Count) CheckRange(long offset, long? count)
    {
        if (offset < 0 || offset > Size || count < 0 || count > Size - offset)
        {
            throw new BufferException(BufferFault.OutOfRange,
                $"Bytes {offset} to {offset + (count ?? 0)} are not all inside {this}.",
                $"The buffer ends at byte {Size}: use a smaller offset or count.");
        }

        return (offset, count ?? Size - offset);
    }

    internal static void CheckName(string name)
    {
        if (Encoding.UTF8.GetByteCount(name) >= DmaBufUapi.DMA_BUF_NAME_LEN || name.Contains('\0', StringComparison.Ordinal))
        {
            throw new BufferException(BufferFault.BadName, $"'{name}' cannot be a buffer's name.",
                $"The kernel takes at most {DmaBufUapi.DMA_BUF_NAME_LEN - 1} bytes of UTF-8 without NUL.");
        }
    }

    private static (bool IsDmaBuf, ulong Inode, long Size) Inspect(FileDescriptor fd, BufferOrigin origin)
    {
        var fileSystem = Stat.FileSystemType(fd);
        var isDmaBuf = fileSystem == DmaBufUapi.DMA_BUF_MAGIC;
        if (!isDmaBuf && origin == BufferOrigin.Received)
            CheckTrustworthy(fd, fileSystem);

        var size = Unistd.GetSize(fd);
        if (size < 0)
            throw new KernelException("lseek", Errno.Last, $"descriptor {fd.Number}");
        if (!Stat.OfDescriptor(fd, out var status))
            throw new KernelException("statx", Errno.Last, $"descriptor {fd.Number}");
        return (isDmaBuf, status.stx_ino, size);
    }

    private static void CheckTrustworthy(FileDescriptor fd, long fileSystem)
    {
        CheckSealed(fd);
        if (fileSystem == Stat.HUGETLBFS_MAGIC)
        {
            throw new BufferException(BufferFault.NotSealed,
                $"Descriptor {fd.Number} is a memfd of huge pages, which its sender can still take out, and reading there would end this process.",
                "Make a dma-buf of it, or use ordinary pages.");
        }
    }

    private static void CheckSealed(FileDescriptor fd)
    {
        var seals = Fcntl.GetSeals(fd);
        if (seals < 0)
        {
            throw new BufferException(BufferFault.NotABuffer, $"Descriptor {fd.Number} is neither a dma-buf nor a memfd.",
                "Send the descriptor that UDMABUF_CREATE, a dma-heap or a driver's export returned.");
        }

        if ((seals & Fcntl.F_SEAL_SHRINK) == 0)
        {
            throw new BufferException(BufferFault.NotSealed,
                $"Descriptor {fd.Number} is a memfd that may still shrink, and reading past its new end would end this process.",
                "Seal it with F_SEAL_SHRINK, or make a dma-buf of it.");
        }
    }

    /// <summary>The mapping, made at first use, with one reference more: give it back with <see cref="ReleaseMapping"/>.</summary>
    private Mapping AcquireMapping()
    {
        lock (_lock)
        {
            ThrowIfRemoved();
            if (_mapping is null)
            {
                if (!IsDmaBuf && Grants is null)
                    CheckSealed(_fd);
                _mapping = Map();
            }

            // The descriptor stays open with the mapping: END needs it after START.
            var added = false;
            _mapping.DangerousAddRef(ref added);
            _fd.DangerousAddRef(ref added);
            return _mapping;
        }
    }

    private Mapping Map()
    {
        try
        {
            return Mapping.Create(_fd, _mapOffset, Size, this, Grants is null ? Mapping.NoMmapCure : GrantMapper.RefusedCure);
        }
        catch (KernelException e) when (_mapOtherwise is not null && e.Errno is Errno.EINVAL or Errno.ENODEV or Errno.ENXIO)
        {
            return _mapOtherwise();
        }
    }

    internal void ReleaseMapping(Mapping mapping)
    {
        _fd.DangerousRelease();
        mapping.DangerousRelease();
    }

    /// <summary>Reads a dma-buf's exp_name and name from /proc/self/fdinfo.</summary>
    private void ReadKernelNames()
    {
        lock (_lock)
        {
            // The number is another file's once the buffer is closed.
            if (_closed || FdInfo.Read("/proc/self", _fd.Number) is not { } info)
                return;
            _name = info.Name;
            _exporter = info.Exporter;
        }
    }
}
