using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Buffers;

/// <summary>A dma-buf.</summary>
internal class DmaBufBacking : Backing
{
    public DmaBufBacking(FileDescriptor descriptor, BufferOrigin origin, FileSize file)
        : base(descriptor, origin, file.Size) => Inode = file.Inode;

    public override string Kind => "dma-buf";

    public override string Place => $"inode {Inode}";

    public override ulong Inode { get; }

    public override bool IsDmaBuf => true;

    public override void Refresh()
    {
        if (FdInfo.Read("/proc/self", Descriptor.Number) is not { } info)
            return;
        Name = info.Name;
        Exporter = info.Exporter;
    }

    public override void SetName(string? name, object buffer)
    {
        if (!DmaBufUapi.SetName(Descriptor, name ?? ""))
            throw new KernelException("DMA_BUF_SET_NAME", Errno.Last, buffer.ToString()!);
        Name = name;
    }

    public override Mapping Map(object buffer) => Mapping.Create(Descriptor, 0, Size, buffer, Mapping.NoMmapAction);

    public override void BeginAccess(BufferAccess access, object buffer) =>
        Sync(DmaBufUapi.DMA_BUF_SYNC_START, access, buffer);

    public override void EndAccess(BufferAccess access, object buffer) =>
        Sync(DmaBufUapi.DMA_BUF_SYNC_END, access, buffer);

    private void Sync(ulong end, BufferAccess access, object buffer)
    {
        var flags = access == BufferAccess.Read
            ? DmaBufUapi.DMA_BUF_SYNC_READ
            : DmaBufUapi.DMA_BUF_SYNC_READ | DmaBufUapi.DMA_BUF_SYNC_WRITE;
        if (!DmaBufUapi.Sync(Descriptor, end | flags))
            throw new KernelException("DMA_BUF_IOCTL_SYNC", Errno.Last, buffer.ToString()!);
    }
}
