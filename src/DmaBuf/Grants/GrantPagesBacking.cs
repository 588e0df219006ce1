using DmaBuf.Buffers;
using DmaBuf.Interop;

namespace DmaBuf.Grants;

/// <summary>Pages of the grant allocator, shared with another domain when they were allocated; not a dma-buf.</summary>
internal sealed class GrantPagesBacking : GrantDeviceBacking
{
    private readonly ushort _domain;

    /// <summary>Takes over the device, which keeps the pages at the offset.</summary>
    public GrantPagesBacking(FileDescriptor device, long offset, GrantRefs grants)
        : base(device, offset, BufferOrigin.GrantAlloc, grants, Mapping.NoMmapAction)
    {
        _domain = grants.PeerDomain;
        Exporter = "gntalloc";
    }

    public override ushort? Domain => _domain;
}
