using DmaBuf.Buffers;
using DmaBuf.Interop;

namespace DmaBuf.Grants;

/// <summary>Pages of the grant allocator, shared with another domain when they were allocated; not a dma-buf.</summary>
internal sealed class GrantPagesBacking : Backing
{
    private readonly GrantRefs _grants;
    private readonly long _offset;

    /// <param name="device">The grant allocator's handle, which the backing takes over.</param>
    /// <param name="offset">Where the device maps the pages.</param>
    /// <param name="grants">The references.</param>
    public GrantPagesBacking(FileDescriptor device, long offset, GrantRefs grants)
        : base(device, BufferOrigin.GrantAlloc, grants.Size)
    {
        _grants = grants;
        _offset = offset;
        Exporter = "gntalloc";
    }

    public override string Kind => "grant mapping";

    public override string Place => $"domain {Domain}";

    public override bool IsPassable => false;

    public override SharedPages Shared => _grants;

    public override ushort? Domain => _grants.PeerDomain;

    public override Mapping Map(object buffer) =>
        Mapping.Create(Descriptor, _offset, Size, buffer, Mapping.NoMmapAction);
}
