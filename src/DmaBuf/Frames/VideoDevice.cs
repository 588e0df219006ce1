using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Tracing;

namespace DmaBuf.Frames;

/// <summary>A video device of this machine, as it was when it was looked at (V4L2; linux/videodev2.h).</summary>
public sealed record VideoDevice
{
    private VideoDevice()
    {
    }

    /// <summary>The path, such as <c>/dev/video0</c>.</summary>
    public required string Device { get; init; }

    /// <summary>The device's name; the kernel's, where the device could not be opened.</summary>
    public string Card { get; private init; } = "";

    /// <summary>The driver's name.</summary>
    public string Driver { get; private init; } = "";

    /// <summary>Where it is attached, such as <c>usb-0000:00:14.0-1</c>.</summary>
    public string Bus { get; private init; } = "";

    /// <summary>What it is for. All else is empty unless it captures.</summary>
    public VideoDeviceKind Kind { get; private init; } = VideoDeviceKind.Unknown;

    /// <summary>The bits V4L2_CAP_* of this device file.</summary>
    public uint Capabilities { get; private init; }

    /// <summary>Whether the planes of a frame have memory of their own (V4L2_CAP_VIDEO_CAPTURE_MPLANE).</summary>
    public bool IsMultiPlanar { get; private init; }

    /// <summary>Whether another process has buffers of the device, so that it cannot be used for capture now.</summary>
    public bool IsBusy { get; private init; }

    /// <summary>The width that is set, in pixels.</summary>
    public int? Width { get; private init; }

    /// <summary>The height that is set, in pixels.</summary>
    public int? Height { get; private init; }

    /// <summary>The pixel format that is set.</summary>
    public FourCC? PixelFormat { get; private init; }

    /// <summary>The frames per second that are set; null where the device does not tell.</summary>
    public double? FrameRate { get; private init; }

    /// <summary>The inputs.</summary>
    public IReadOnlyList<VideoInput> Inputs { get; private init; } = [];

    /// <summary>The formats that it captures from the selected input.</summary>
    public IReadOnlyList<VideoFormat> Formats { get; private init; } = [];

    /// <summary>Why the device could not be asked, such as EACCES at opening it; null where it could.</summary>
    public DmaBufException? Failure { get; private init; }

    /// <summary>The paths of this machine's video devices, in the order of their numbers.</summary>
    public static IReadOnlyList<string> Paths() => Videodev2.Paths();

    /// <summary>The kernel's name of a device, which everybody may read; empty where there is none.</summary>
    public static string NameOf(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var device = VisibleText.Of(Path.GetFileName(path));
        return VisibleText.Of(SysFile.Read($"/sys/class/video4linux/{device}/name") ?? "");
    }

    /// <summary>
    /// All video devices of this machine. Those that cannot be opened are among them, with <see cref="Failure"/>.
    /// </summary>
    public static IReadOnlyList<VideoDevice> List() => [.. Paths().Select(Look)];

    /// <summary>
    /// One device. Errors: <see cref="KernelException"/> (open: ENOENT, ENXIO, ENODEV; VIDIOC_QUERYCAP with ENOTTY: it
    /// is no video device). Where it cannot be opened for another reason, the result has <see cref="Failure"/>.
    /// </summary>
    public static VideoDevice Get(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var device = Look(path);
        return device.Failure is KernelException
        {
            Errno: Errno.ENOENT or Errno.ENOTDIR or Errno.ENXIO or Errno.ENODEV or Errno.ENOTTY or Errno.EISDIR,
        }
            ? throw device.Failure
            : device;
    }

    /// <summary>Path and name.</summary>
    public override string ToString() => Card.Length > 0 ? $"{Device} ({Card})" : Device;

    private static VideoDevice Look(string path)
    {
        try
        {
            using var device = VideoQueries.Open(path);
            return Videodev2.QueryCapability(device, out var capability)
                ? Describe(path, device, capability)
                : throw new KernelException(nameof(Videodev2.VIDIOC_QUERYCAP), Errno.Last, path);
        }
        catch (KernelException e)
        {
            return new VideoDevice { Device = path, Card = NameOf(path), Failure = e };
        }
    }

    private static VideoDevice Describe(string path, FileDescriptor device, in Videodev2.v4l2_capability capability)
    {
        var kind = KindOf(capability.Own);
        var found = new VideoDevice
        {
            Device = path,
            Card = VisibleText.Of(capability.Card),
            Driver = VisibleText.Of(capability.Driver),
            Bus = VisibleText.Of(capability.Bus),
            Kind = kind,
            Capabilities = capability.Own,
        };
        if (kind != VideoDeviceKind.Capture)
            return found;
        var type = capability.CaptureType;
        var format = new Videodev2.v4l2_format { type = type };
        var hasFormat = Videodev2.GetFormat(device, ref format);
        return found with
        {
            IsMultiPlanar = capability.CapturesPlanes,
            IsBusy = VideoQueries.IsBusy(device, type),
            Width = hasFormat ? (int)format.fmt.pix.width : null,
            Height = hasFormat ? (int)format.fmt.pix.height : null,
            PixelFormat = hasFormat ? new FourCC(format.fmt.pix.pixelformat) : null,
            FrameRate = VideoQueries.FrameRate(device, type),
            Inputs = VideoQueries.Inputs(device),
            Formats = VideoQueries.Formats(device, type),
        };
    }

    private static VideoDeviceKind KindOf(uint capabilities)
    {
        const uint Capture = Videodev2.V4L2_CAP_VIDEO_CAPTURE | Videodev2.V4L2_CAP_VIDEO_CAPTURE_MPLANE;
        const uint Output = Videodev2.V4L2_CAP_VIDEO_OUTPUT | Videodev2.V4L2_CAP_VIDEO_OUTPUT_MPLANE;
        const uint Both = Videodev2.V4L2_CAP_VIDEO_M2M | Videodev2.V4L2_CAP_VIDEO_M2M_MPLANE;
        const uint Metadata = Videodev2.V4L2_CAP_META_CAPTURE | Videodev2.V4L2_CAP_META_OUTPUT;
        const uint Vbi = Videodev2.V4L2_CAP_VBI_CAPTURE | Videodev2.V4L2_CAP_VBI_OUTPUT
            | Videodev2.V4L2_CAP_SLICED_VBI_CAPTURE | Videodev2.V4L2_CAP_SLICED_VBI_OUTPUT;
        return capabilities switch
        {
            _ when (capabilities & Both) != 0 => VideoDeviceKind.MemoryToMemory,
            _ when (capabilities & Capture) != 0 => VideoDeviceKind.Capture,
            _ when (capabilities & Output) != 0 => VideoDeviceKind.Output,
            _ when (capabilities & Metadata) != 0 => VideoDeviceKind.Metadata,
            _ when (capabilities & Vbi) != 0 => VideoDeviceKind.Vbi,
            _ => VideoDeviceKind.Other,
        };
    }
}
