using DmaBuf.Buffers;
using DmaBuf.Interop;

namespace DmaBuf.Grants;

/// <summary>A mapping of another domain's pages by the grant device; not a dma-buf.</summary>
internal sealed class GrantMappingBacking : Backing
{
    private readonly GrantRefs _grants;
    private readonly long _offset;

    /// <param name="device">The grant device's handle, which the backing takes over.</param>
    /// <param name="offset">Where the device maps the pages.</param>
    /// <param name="grants">The references.</param>
    public GrantMappingBacking(FileDescriptor device, long offset, GrantRefs grants)
        : base(device, BufferOrigin.GrantMapping, grants.Size)
    {
        _grants = grants;
        _offset = offset;
        Exporter = "gntdev";
    }

    public override string Kind => "grant mapping";

    public override string Place => $"domain {Domain}";

    public override bool IsPassable => false;

    public override SharedPages Shared => _grants;

    public override ushort? Domain => _grants.Domain;

    public override Mapping Map(object buffer) =>
        Mapping.Create(Descriptor, _offset, Size, buffer, GrantMapper.RefusedAction);
}
