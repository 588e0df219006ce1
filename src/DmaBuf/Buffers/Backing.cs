using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Waits;

namespace DmaBuf.Buffers;

/// <summary>
/// The memory under a <see cref="DmaBuffer"/>, with one small class for each kind. The buffer makes sure that nothing
/// uses the memory after <see cref="Close"/>; all other members may be called from several threads at once.
/// </summary>
internal abstract class Backing : IDisposable
{
    protected Backing(FileDescriptor descriptor, BufferOrigin origin, long size)
    {
        Descriptor = descriptor;
        Origin = origin;
        Size = size;
    }

    /// <summary>The descriptor of the memory.</summary>
    public FileDescriptor Descriptor { get; }

    /// <summary>Where the memory came from, for people to read.</summary>
    public BufferOrigin Origin { get; }

    /// <summary>The size in bytes.</summary>
    public long Size { get; }

    /// <summary>What messages call this kind of memory.</summary>
    public abstract string Kind { get; }

    /// <summary>What messages add to identify this memory among others of its kind.</summary>
    public abstract string Place { get; }

    /// <summary>The inode number, or 0 where the descriptor is a device's.</summary>
    public virtual ulong Inode => 0;

    /// <summary>True for a dma-buf.</summary>
    public virtual bool IsDmaBuf => false;

    /// <summary>Whether another process that receives the descriptor can reach the memory through it.</summary>
    public virtual bool IsPassable => true;

    /// <summary>
    /// The pages that are shared with, or belong to, another domain or guest; null where there are none.
    /// </summary>
    public virtual SharedPages? Shared => null;

    /// <summary>The other domain; null where there is none.</summary>
    public virtual ushort? Domain => null;

    /// <summary>
    /// The parts of memfds that the memory consists of, in its order; empty where they are not known, as for heaps,
    /// drivers and dma-bufs of other processes.
    /// </summary>
    public virtual IReadOnlyList<MemFdRange> MemFds => [];

    /// <summary>
    /// Whether the memory has kept the memfds' pages since they were made, and nobody else can exchange them.
    /// </summary>
    public virtual bool OwnsMemFds => false;

    /// <summary>Whether <see cref="WaitReleased"/> works.</summary>
    public virtual bool TellsRelease => false;

    /// <summary>What made the memory, or null until <see cref="Refresh"/> has asked the kernel.</summary>
    public string? Exporter { get; protected set; }

    /// <summary>The name as last seen.</summary>
    public string? Name { get; protected set; }

    /// <summary>
    /// Reads <see cref="Exporter"/> and <see cref="Name"/> from the kernel, where others can change them.
    /// </summary>
    public virtual void Refresh()
    {
    }

    /// <summary>Names the memory.</summary>
    /// <exception cref="KernelException">DMA_BUF_SET_NAME.</exception>
    public virtual void SetName(string? name, object buffer) => Name = name;

    /// <summary>Maps all of the memory.</summary>
    /// <param name="buffer">The buffer that a failure names.</param>
    /// <exception cref="KernelException">mmap.</exception>
    /// <exception cref="BufferException">NotSealed.</exception>
    public abstract Mapping Map(object buffer);

    /// <summary>
    /// Makes the memory coherent for the processor. Several views may have such an access open at once.
    /// </summary>
    /// <exception cref="KernelException">DMA_BUF_IOCTL_SYNC.</exception>
    public virtual void BeginAccess(BufferAccess access, object buffer)
    {
    }

    /// <summary>Ends an access that <see cref="BeginAccess"/> began.</summary>
    /// <exception cref="KernelException">DMA_BUF_IOCTL_SYNC.</exception>
    public virtual void EndAccess(BufferAccess access, object buffer)
    {
    }

    /// <summary>Closes the descriptor. Only <see cref="WaitReleased"/> and <see cref="Dispose"/> follow.</summary>
    public virtual void Close() => Descriptor.Dispose();

    /// <summary>Waits until nobody holds the memory.</summary>
    /// <exception cref="KernelException">IOCTL_GNTDEV_DMABUF_EXP_WAIT_RELEASED.</exception>
    /// <exception cref="WaitTimeoutException">Somebody still holds it.</exception>
    public virtual void WaitReleased(string buffer, WaitLimit limit) => throw new InvalidOperationException();

    /// <summary>Frees everything else, after <see cref="Close"/>.</summary>
    public virtual void Dispose() => GC.SuppressFinalize(this);
}
