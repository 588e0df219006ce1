using DmaBuf.Buffers;
using DmaBuf.Interop;

namespace DmaBuf.Frames;

/// <summary>
/// A driver's buffer that only this process can map, because the driver does not export it; not a dma-buf.
/// </summary>
internal sealed class CaptureBacking : Backing
{
    private const string NoMmapAction = "The driver does not map its buffers: capture into memory of another kind.";
    private readonly string _device;
    private readonly long _offset;

    /// <param name="descriptor">A descriptor of the device's open file, which the backing takes over.</param>
    /// <param name="device">The device's path.</param>
    /// <param name="driver">The driver's name.</param>
    /// <param name="offset">Where the device maps the buffer.</param>
    /// <param name="size">The buffer's size in bytes.</param>
    public CaptureBacking(FileDescriptor descriptor, string device, string driver, long offset, long size)
        : base(descriptor, BufferOrigin.Capture, size)
    {
        _device = device;
        _offset = offset;
        Exporter = driver;
    }

    public override string Kind => "capture buffer";

    public override string Place => _device;

    public override bool IsPassable => false;

    public override Mapping Map(object buffer) => Mapping.Create(Descriptor, _offset, Size, buffer, NoMmapAction);
}
