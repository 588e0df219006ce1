using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Waits;

namespace DmaBuf.Buffers;

/// <summary>
/// The memory under a <see cref="DmaBuffer"/>: one small class for each kind, which holds what is particular to it. The
/// buffer sees to it that no member is called after <see cref="Close"/>. Others than that may be called from several
/// threads at once.
/// </summary>
internal abstract class Backing : IDisposable
{
    protected Backing(FileDescriptor descriptor, BufferOrigin origin, long size)
    {
        Descriptor = descriptor;
        Origin = origin;
        Size = size;
    }

    /// <summary>The descriptor that stands for the memory.</summary>
    public FileDescriptor Descriptor { get; }

    /// <summary>Where the memory came from, for people to read.</summary>
    public BufferOrigin Origin { get; }

    /// <summary>The size in bytes.</summary>
    public long Size { get; }

    /// <summary>What a message calls such memory.</summary>
    public abstract string Kind { get; }

    /// <summary>What a message adds to tell it from others.</summary>
    public abstract string Place { get; }

    /// <summary>The inode number, or 0 where the descriptor is a device's.</summary>
    public virtual ulong Inode => 0;

    /// <summary>True for a dma-buf.</summary>
    public virtual bool IsDmaBuf => false;

    /// <summary>Whether another process that gets the descriptor reaches the memory by it.</summary>
    public virtual bool IsPassable => true;

    /// <summary>Which pages are shared with another domain or guest, or are another's; null for neither.</summary>
    public virtual SharedPages? Shared => null;

    /// <summary>The other domain; null where there is none.</summary>
    public virtual ushort? Domain => null;

    /// <summary>Whether <see cref="WaitReleased"/> works.</summary>
    public virtual bool TellsRelease => false;

    /// <summary>Who made the memory, or null until <see cref="Refresh"/> has asked.</summary>
    public string? Exporter { get; protected set; }

    /// <summary>The name as last seen.</summary>
    public string? Name { get; protected set; }

    /// <summary>
    /// Asks the kernel for <see cref="Exporter"/> and <see cref="Name"/>, where others can change them.
    /// </summary>
    public virtual void Refresh()
    {
    }

    /// <summary>Gives the memory a name.</summary>
    /// <exception cref="KernelException">DMA_BUF_SET_NAME.</exception>
    public virtual void SetName(string? name, object buffer) => Name = name;

    /// <summary>Maps all of the memory.</summary>
    /// <param name="buffer">What a failure calls it.</param>
    /// <exception cref="KernelException">mmap.</exception>
    /// <exception cref="BufferException">NotSealed.</exception>
    public abstract Mapping Map(object buffer);

    /// <summary>Makes the memory coherent for the processor. It is in several views' brackets at once.</summary>
    /// <exception cref="KernelException">DMA_BUF_IOCTL_SYNC.</exception>
    public virtual void BeginAccess(BufferAccess access, object buffer)
    {
    }

    /// <summary>Ends what <see cref="BeginAccess"/> began.</summary>
    /// <exception cref="KernelException">DMA_BUF_IOCTL_SYNC.</exception>
    public virtual void EndAccess(BufferAccess access, object buffer)
    {
    }

    /// <summary>Closes what holds the memory; nothing but <see cref="WaitReleased"/> follows.</summary>
    public virtual void Close() => Descriptor.Dispose();

    /// <summary>Waits until nobody holds the memory any more.</summary>
    /// <exception cref="KernelException">IOCTL_GNTDEV_DMABUF_EXP_WAIT_RELEASED.</exception>
    /// <exception cref="WaitTimeoutException">Somebody still holds it.</exception>
    public virtual void WaitReleased(string buffer, WaitLimit limit) => throw new InvalidOperationException();

    /// <summary>Frees the rest, after <see cref="Close"/>.</summary>
    public virtual void Dispose() => GC.SuppressFinalize(this);
}
