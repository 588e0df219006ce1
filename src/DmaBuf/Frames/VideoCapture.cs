using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Frames;

/// <summary>
/// Frames of a video device (V4L2): a camera, a grabber, or any device that captures, single- or multi-planar. The
/// device writes them straight into the buffers; nothing is copied.
/// </summary>
public sealed class VideoCapture : FrameSource
{
    private readonly CaptureDevice _device;
    private readonly CaptureBuffers _buffers;
    private uint? _lastSequence;
    private long _dropped;
    private bool _isDisposed;

    private VideoCapture(CaptureDevice device, CaptureFormat format, CaptureBuffers buffers, double? frameRate)
    {
        _device = device;
        _buffers = buffers;
        FrameRate = frameRate;
        DeviceFormat = format.PixelFormat;
        Strides = [.. format.Planes.Select(plane => plane.BytesPerLine)];
        Format = new StreamFormat(
            format.Width,
            format.Height,
            PlaneFormats.Contiguous(format.PixelFormat),
            format.Planes.Sum(plane => plane.SizeImage) - buffers.HeaderBytes,
            buffers.Frames.Count);
    }

    /// <summary>The device's path.</summary>
    public override string Name => _device.Path;

    /// <summary>
    /// What the device really captures: it may have changed size and number of buffers. For planes in buffers of their
    /// own, the pixel format is the one that has them one after another, and the size is their sum.
    /// </summary>
    public override StreamFormat Format { get; }

    /// <summary>The device's pixel format, such as <c>NM12</c> where <see cref="Format"/> has <c>NV12</c>.</summary>
    public FourCC DeviceFormat { get; }

    /// <summary>
    /// The bytes from one row to the next, for each plane in memory; 0 for compressed formats. Lines are unpadded where
    /// the driver has such.
    /// </summary>
    public IReadOnlyList<int> Strides { get; }

    /// <summary>The frames per second that the device is set to; null where it does not tell.</summary>
    public double? FrameRate { get; }

    /// <summary>The kind of memory that the device captures into, never <see cref="CaptureMemory.Auto"/>.</summary>
    public CaptureMemory Memory => _buffers.Memory;

    /// <inheritdoc/>
    public override string? MemoryKind => Memory.ToString();

    /// <summary>The name of the device's driver.</summary>
    public string Driver => _device.Driver;

    /// <inheritdoc/>
    public override IReadOnlyList<Frame> Frames => _buffers.Frames;

    /// <summary>The frames that the device had no buffer for, seen as gaps in the sequence.</summary>
    public override long Dropped => _dropped;

    internal override bool HasEnded => false;

    internal override FileDescriptor? Descriptor => _device.Descriptor;

    /// <summary>
    /// Opens a device, sets its format and gives it its buffers. <see cref="CaptureMemory.Auto"/> tries dma-bufs of the
    /// caller's and takes the driver's buffers if the device refuses those. Errors: <see cref="KernelException"/>
    /// (open; VIDIOC_S_FMT and VIDIOC_REQBUFS with EBUSY: another process captures from it; and others),
    /// <see cref="VideoException"/>, and those of <see cref="CaptureOptions.Allocate"/>.
    /// </summary>
    public static VideoCapture Open(CaptureOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BufferCount, CaptureOptions.MinBufferCount);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Width ?? 1, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Height ?? 1, 1);
        if (options.FrameRate is { } rate && rate is not (>= 0.001 and <= 1_000_000))
            throw new ArgumentOutOfRangeException(nameof(options), rate, "A frame rate is between 0.001 and 1000000.");
        if (options is { Memory: CaptureMemory.DmaBuf or CaptureMemory.UserPtr, Allocate: null })
            throw new ArgumentException("Memory of the caller's own needs Allocate.", nameof(options));

        var device = CaptureDevice.Open(options.Device);
        try
        {
            if (options.Input is { } input)
                device.SelectInput(input);
            var format = device.SetFormat(options.Width, options.Height, options.PixelFormat);
            var frameRate = device.SetFrameRate(options.FrameRate);
            return new VideoCapture(device, format, CreateBuffers(device, format, options), frameRate);
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        _ = Videodev2.StreamOff(_device.Descriptor, _device.BufferType);
        _buffers.Dispose();
        _device.Dispose();
    }

    internal override void Start()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (!Videodev2.StreamOn(_device.Descriptor, _device.BufferType))
            throw _device.Failure(nameof(Videodev2.VIDIOC_STREAMON));
    }

    internal override Frame? TryNext()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        var frame = _buffers.Dequeue(out var sequence);
        if (frame is null)
            return null;

        // The numbers have 32 bits and wrap. Two fields of one picture have the same, and a restart goes back.
        var step = (int)(sequence - (_lastSequence ?? sequence));
        if (step > 1)
            _dropped += step - 1;
        _lastSequence = sequence;
        return frame;
    }

    internal override void Return(Frame frame)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        frame.Expire();
        _buffers.Queue(frame);
    }

    private static CaptureBuffers CreateBuffers(CaptureDevice device, CaptureFormat format, CaptureOptions options)
    {
        if (options.Memory == CaptureMemory.Auto && options.Allocate is not null)
        {
            try
            {
                return Create(CaptureMemory.DmaBuf);
            }
            catch (VideoException e) when (e.Fault == VideoFault.MemoryRefused)
            {
            }
        }

        return Create(options.Memory == CaptureMemory.Auto ? CaptureMemory.Mmap : options.Memory);

        CaptureBuffers Create(CaptureMemory memory) =>
            CaptureBuffers.Create(device, format, memory, options.BufferCount, options.Allocate);
    }
}
