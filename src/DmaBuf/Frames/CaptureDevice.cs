using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Frames;

/// <summary>An open device that captures video: its input, its format and its frame rate.</summary>
internal sealed class CaptureDevice : IDisposable
{
    private const double RateScale = 1000;

    private CaptureDevice(FileDescriptor descriptor, string path, in Videodev2.v4l2_capability capability)
    {
        Descriptor = descriptor;
        Path = path;
        Driver = capability.Driver;
        BufferType = capability.CaptureType;
    }

    /// <summary>The descriptor, non-blocking.</summary>
    public FileDescriptor Descriptor { get; }

    /// <summary>The path.</summary>
    public string Path { get; }

    /// <summary>The driver's name.</summary>
    public string Driver { get; }

    /// <summary>V4L2_BUF_TYPE_VIDEO_CAPTURE or V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE.</summary>
    public uint BufferType { get; }

    /// <summary>Whether each plane of a buffer has memory of its own.</summary>
    public bool IsMultiPlanar => BufferType == Videodev2.V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;

    /// <summary>Opens a device that captures video by streaming.</summary>
    /// <exception cref="KernelException">open, VIDIOC_QUERYCAP.</exception>
    /// <exception cref="VideoException">NotACamera.</exception>
    public static CaptureDevice Open(string path)
    {
        var descriptor = VideoQueries.Open(path);
        try
        {
            if (!Videodev2.QueryCapability(descriptor, out var capability))
                throw new KernelException(nameof(Videodev2.VIDIOC_QUERYCAP), Errno.Last, path);
            if (!capability.Captures || (capability.Own & Videodev2.V4L2_CAP_STREAMING) == 0)
            {
                throw new VideoException(VideoFault.NotACamera, $"{path} ({capability.Card}) cannot capture video.",
                    "Use a device that does; one camera often has several devices.");
            }

            return new CaptureDevice(descriptor, path, capability);
        }
        catch
        {
            descriptor.Dispose();
            throw;
        }
    }

    /// <summary>Selects an input.</summary>
    /// <exception cref="KernelException">VIDIOC_S_INPUT: EINVAL (there is none), EBUSY.</exception>
    public void SelectInput(int input)
    {
        // A driver that is busy refuses even the input that is selected.
        if (Videodev2.GetInput(Descriptor, out var current) && current == input)
            return;
        if (!Videodev2.SetInput(Descriptor, input))
            throw Failure(nameof(Videodev2.VIDIOC_S_INPUT), InputAction(Errno.Last));
    }

    /// <summary>Sets the size and the pixel format, with unpadded lines where the driver has them.</summary>
    /// <exception cref="KernelException">VIDIOC_G_FMT, VIDIOC_S_FMT: EBUSY and others.</exception>
    /// <exception cref="VideoException">FormatRefused.</exception>
    public CaptureFormat SetFormat(int? width, int? height, FourCC? pixelFormat)
    {
        var format = new Videodev2.v4l2_format { type = BufferType };
        if (!Videodev2.GetFormat(Descriptor, ref format))
            throw Failure(nameof(Videodev2.VIDIOC_G_FMT));
        var wanted = pixelFormat is { } given ? Offered(given) : new FourCC(format.fmt.pix.pixelformat);
        var size = (Width: width ?? (int)format.fmt.pix.width, Height: height ?? (int)format.fmt.pix.height);
        format = new Videodev2.v4l2_format { type = BufferType };
        // The other fields of both forms stay 0: with 0 bytes per line and plane, the driver computes them.
        format.fmt.pix.width = (uint)size.Width;
        format.fmt.pix.height = (uint)size.Height;
        format.fmt.pix.pixelformat = wanted.Value;
        format.fmt.pix.field = Videodev2.V4L2_FIELD_NONE;
        if (!Videodev2.SetFormat(Descriptor, ref format))
        {
            var errno = Errno.Last;
            throw errno == Errno.EINVAL ? Refusal(wanted) : Failure(nameof(Videodev2.VIDIOC_S_FMT), errno: errno);
        }

        var result = CaptureFormat.Of(ref format);
        return result.PixelFormat == wanted && result.Planes.Count > 0 ? result : throw Refusal(wanted);
    }

    /// <summary>Sets the frame rate, unless it is null.</summary>
    /// <returns>The rate that the device then has, or null where it does not tell.</returns>
    public double? SetFrameRate(double? rate)
    {
        if (rate is { } given)
        {
            var set = new Videodev2.v4l2_streamparm { type = BufferType };
            set.parm.capture.timeperframe.numerator = (uint)RateScale;
            set.parm.capture.timeperframe.denominator = (uint)Math.Round(given * RateScale);
            // A device without a choice of rates refuses this. FrameRate then shows the rate that it has.
            _ = Videodev2.SetParameters(Descriptor, ref set);
        }

        return VideoQueries.FrameRate(Descriptor, BufferType);
    }

    /// <summary>A failure of a request on the device, with the last error number unless one is given.</summary>
    public KernelException Failure(string call, string? action = null, int? errno = null) =>
        new(call, errno ?? Errno.Last, Path, action);

    /// <summary>Closes the device.</summary>
    public void Dispose() => Descriptor.Dispose();

    /// <summary>The format, or its variant with planes in buffers of their own if only that is offered.</summary>
    private FourCC Offered(FourCC wanted)
    {
        var offered = VideoQueries.PixelFormats(Descriptor, BufferType);
        return !offered.Contains(wanted) && PlaneFormats.Separate(wanted) is { } separate && offered.Contains(separate)
            ? separate
            : wanted;
    }

    private VideoException Refusal(FourCC wanted)
    {
        var offered = VideoQueries.PixelFormats(Descriptor, BufferType);
        return new VideoException(VideoFault.FormatRefused, $"{Path} does not capture {wanted}.",
            offered.Count == 0 ? "It lists no formats." : $"It captures {string.Join(", ", offered)}.");
    }

    private string? InputAction(int errno)
    {
        if (errno != Errno.EINVAL)
            return null;
        var names = VideoQueries.Inputs(Descriptor).Select(input => $"{input.Index} ({input.Name})").ToList();
        return names.Count == 0 ? "The device has no inputs." : $"Its inputs are {string.Join(", ", names)}.";
    }
}
