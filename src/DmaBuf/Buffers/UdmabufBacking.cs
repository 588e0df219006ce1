using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Buffers;

/// <summary>
/// A dma-buf that /dev/udmabuf made from memfds. The memfds stay open, because only a mapping of them shows which page
/// frames the buffer has: the dma-buf's own mapping does not.
/// </summary>
internal sealed class UdmabufBacking : DmaBufBacking
{
    /// <param name="descriptor">The dma-buf, which the backing takes over.</param>
    /// <param name="memfds">The parts of memfds that it was made from. The backing takes over the memfds.</param>
    /// <param name="ownsMemFds">Whether nobody else has these memfds.</param>
    /// <exception cref="KernelException">statx.</exception>
    public UdmabufBacking(FileDescriptor descriptor, IReadOnlyList<MemFdRange> memfds, bool ownsMemFds)
        : base(descriptor, BufferOrigin.Udmabuf, FileSize.Of(descriptor, memfds.Sum(range => range.Size))) =>
        (MemFds, OwnsMemFds) = (memfds, ownsMemFds);

    public override IReadOnlyList<MemFdRange> MemFds { get; }

    public override bool OwnsMemFds { get; }

    public override void Close()
    {
        base.Close();
        foreach (var range in MemFds)
            range.MemFd.Dispose();
    }
}
