using DmaBuf.Buffers;
using DmaBuf.Interop;

namespace DmaBuf.Grants;

/// <summary>A mapping of another domain's pages by the grant device; not a dma-buf.</summary>
internal sealed class GrantMappingBacking : GrantDeviceBacking
{
    private readonly ushort _domain;

    /// <summary>Takes over the device, which keeps the mapping at the offset.</summary>
    public GrantMappingBacking(FileDescriptor device, long offset, GrantRefs grants)
        : base(device, offset, BufferOrigin.GrantMapping, grants, GrantMapper.RefusedAction)
    {
        _domain = grants.Domain;
        Exporter = "gntdev";
    }

    public override ushort? Domain => _domain;
}
