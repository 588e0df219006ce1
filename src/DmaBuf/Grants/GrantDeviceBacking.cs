using DmaBuf.Buffers;
using DmaBuf.Interop;

namespace DmaBuf.Grants;

/// <summary>Memory that a grant device maps for this process alone; not a dma-buf.</summary>
internal abstract class GrantDeviceBacking : Backing
{
    private readonly GrantRefs _grants;
    private readonly long _offset;
    private readonly string _refusedAction;

    /// <param name="device">The device's handle, which the backing takes over.</param>
    /// <param name="offset">Where the device maps the pages.</param>
    /// <param name="origin">Where the memory came from.</param>
    /// <param name="grants">The references.</param>
    /// <param name="refusedAction">What helps where the device refuses the mapping.</param>
    protected GrantDeviceBacking(
        FileDescriptor device, long offset, BufferOrigin origin, GrantRefs grants, string refusedAction)
        : base(device, origin, grants.Size)
    {
        _grants = grants;
        _offset = offset;
        _refusedAction = refusedAction;
    }

    public override string Kind => "grant mapping";

    public override string Place => $"domain {Domain}";

    public override bool IsPassable => false;

    public override SharedPages Shared => _grants;

    public override Mapping Map(object buffer) => Mapping.Create(Descriptor, _offset, Size, buffer, _refusedAction);
}
