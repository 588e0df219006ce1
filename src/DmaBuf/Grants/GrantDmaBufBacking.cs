using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Waits;

namespace DmaBuf.Grants;

/// <summary>
/// A dma-buf that the grant device made from another domain's references. Where the kernel offers no mmap for it, the
/// processor reaches the pages through a mapping of the same references.
/// </summary>
internal sealed class GrantDmaBufBacking : DmaBufBacking
{
    private readonly FileDescriptor _device;
    private readonly GrantRefs _grants;

    /// <param name="descriptor">The dma-buf, which the backing takes over.</param>
    /// <param name="device">The grant device's handle, which the backing takes over too.</param>
    /// <param name="grants">The references.</param>
    /// <exception cref="KernelException">lseek, statx.</exception>
    public GrantDmaBufBacking(FileDescriptor descriptor, FileDescriptor device, GrantRefs grants)
        : base(descriptor, BufferOrigin.GrantImport, FileSize.Of(descriptor))
    {
        _device = device;
        _grants = grants;
    }

    public override SharedPages Shared => _grants;

    public override ushort? Domain => _grants.Domain;

    public override bool TellsRelease => true;

    // On Arm64, every import with the unmodified driver takes the second way.
    public override Mapping Map(object buffer) =>
        Mapping.TryCreate(Descriptor, 0, Size, buffer) ?? GrantMapper.Map(_device, _grants);

    public override void WaitReleased(string buffer, WaitLimit limit)
    {
        try
        {
            while (!IsReleased(buffer))
                limit.Pause(0, $"all holders of {buffer} to close it");
        }
        catch (WaitTimeoutException e)
        {
            throw e.ForRelease();
        }
    }

    public override void Dispose()
    {
        _device.Dispose();
        base.Dispose();
    }

    /// <summary>
    /// Whether nobody holds it any more, after a short wait. The driver identifies its dma-bufs by the descriptor
    /// numbers that they had when it made them.
    /// </summary>
    private bool IsReleased(string buffer)
    {
        const int SliceMilliseconds = 200;
        if (Gntdev.WaitReleased(_device, Descriptor.Number, SliceMilliseconds) || Errno.Last == Errno.ENOENT)
            return true;
        return Errno.Last == Errno.ETIMEDOUT
            ? false
            : throw new KernelException(nameof(Gntdev.IOCTL_GNTDEV_DMABUF_EXP_WAIT_RELEASED), Errno.Last, buffer);
    }
}
