using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Guests;

/// <summary>A dma-buf of this host that /dev/udmabuf made from a guest's pages.</summary>
/// <exception cref="KernelException">statx.</exception>
internal sealed class GuestImportBacking(FileDescriptor descriptor, GuestPages pages)
    : DmaBufBacking(descriptor, BufferOrigin.GuestImport, FileSize.Of(descriptor, pages.Size))
{
    public override SharedPages Shared => pages;
}
