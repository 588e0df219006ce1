using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Tracing;

namespace DmaBuf.Frames;

/// <summary>What an open video device lists: inputs, formats, sizes and frame rates. A driver may list none.</summary>
internal static class VideoQueries
{
    /// <summary>The most entries that are read of a list, in case a driver's never ends.</summary>
    private const uint MaxEntries = 1024;

    /// <summary>Opens a device, non-blocking.</summary>
    /// <exception cref="KernelException">open: ENOENT, EACCES, EBUSY and others.</exception>
    public static FileDescriptor Open(string path)
    {
        if (!path.Contains('\0', StringComparison.Ordinal))
        {
            return Fcntl.Open(path, Fcntl.O_RDWR | Fcntl.O_NONBLOCK)
                ?? throw new KernelException("open", Errno.Last, path);
        }

        // The kernel would use only the part before the NUL.
        throw new KernelException("open", Errno.ENOENT, path);
    }

    /// <summary>The inputs.</summary>
    public static IReadOnlyList<VideoInput> Inputs(FileDescriptor device)
    {
        var selected = Videodev2.GetInput(device, out var current) ? current : -1;
        var inputs = new List<VideoInput>();
        for (var i = 0u; i < MaxEntries; i++)
        {
            var input = new Videodev2.v4l2_input { index = i };
            if (!Videodev2.EnumInput(device, ref input))
                break;
            var type = input.type switch
            {
                Videodev2.V4L2_INPUT_TYPE_TUNER => VideoInputType.Tuner,
                Videodev2.V4L2_INPUT_TYPE_TOUCH => VideoInputType.Touch,
                _ => VideoInputType.Camera,
            };
            var hasSignal = (input.status & (Videodev2.V4L2_IN_ST_NO_SIGNAL | Videodev2.V4L2_IN_ST_NO_POWER)) == 0;
            inputs.Add(new VideoInput((int)i, VisibleText.Of(input.Name), type, hasSignal, selected == i));
        }

        return inputs;
    }

    /// <summary>The pixel formats, in the driver's order.</summary>
    public static IReadOnlyList<FourCC> PixelFormats(FileDescriptor device, uint bufferType) =>
        [.. Descriptions(device, bufferType).Select(format => new FourCC(format.pixelformat))];

    /// <summary>The pixel formats with their sizes and frame rates.</summary>
    public static IReadOnlyList<VideoFormat> Formats(FileDescriptor device, uint bufferType) =>
    [
        .. Descriptions(device, bufferType).Select(format => new VideoFormat(
            new FourCC(format.pixelformat),
            VisibleText.Of(format.Description),
            (format.flags & Videodev2.V4L2_FMT_FLAG_COMPRESSED) != 0,
            (format.flags & Videodev2.V4L2_FMT_FLAG_EMULATED) != 0,
            Sizes(device, format.pixelformat))),
    ];

    /// <summary>The frames per second that are set; null where the device does not tell.</summary>
    public static double? FrameRate(FileDescriptor device, uint bufferType)
    {
        var parameters = new Videodev2.v4l2_streamparm { type = bufferType };
        return Videodev2.GetParameters(device, ref parameters)
            && (parameters.parm.capture.capability & Videodev2.V4L2_CAP_TIMEPERFRAME) != 0
            ? Rate(parameters.parm.capture.timeperframe)
            : null;
    }

    /// <summary>Whether another open file has buffers of the device: asking for none changes nothing.</summary>
    public static bool IsBusy(FileDescriptor device, uint bufferType)
    {
        var request = new Videodev2.v4l2_requestbuffers
        {
            type = bufferType,
            memory = Videodev2.V4L2_MEMORY_MMAP,
        };
        return !Videodev2.RequestBuffers(device, ref request) && Errno.Last == Errno.EBUSY;
    }

    private static List<Videodev2.v4l2_fmtdesc> Descriptions(FileDescriptor device, uint bufferType)
    {
        var formats = new List<Videodev2.v4l2_fmtdesc>();
        for (var i = 0u; i < MaxEntries; i++)
        {
            var format = new Videodev2.v4l2_fmtdesc { index = i, type = bufferType };
            if (!Videodev2.EnumFormat(device, ref format))
                break;
            formats.Add(format);
        }

        return formats;
    }

    private static List<VideoSize> Sizes(FileDescriptor device, uint pixelFormat)
    {
        var sizes = new List<VideoSize>();
        for (var i = 0u; i < MaxEntries; i++)
        {
            var size = new Videodev2.v4l2_frmsizeenum { index = i, pixel_format = pixelFormat };
            if (!Videodev2.EnumFrameSize(device, ref size))
                break;
            var isRange = size.type != Videodev2.V4L2_FRMSIZE_TYPE_DISCRETE;
            var (step, one) = (size.stepwise, size.discrete);
            var max = isRange ? (step.max_width, step.max_height) : (one.width, one.height);
            sizes.Add(new VideoSize(
                (int)(isRange ? step.min_width : one.width),
                (int)(isRange ? step.min_height : one.height),
                (int)max.Item1,
                (int)max.Item2,
                isRange ? (int)step.step_width : 0,
                isRange ? (int)step.step_height : 0,
                Rates(device, pixelFormat, max)));
            // A range is the only entry.
            if (isRange)
                break;
        }

        return sizes;
    }

    private static List<FrameRateRange> Rates(FileDescriptor device, uint pixelFormat, (uint Width, uint Height) size)
    {
        var rates = new List<FrameRateRange>();
        for (var i = 0u; i < MaxEntries; i++)
        {
            var interval = new Videodev2.v4l2_frmivalenum
            {
                index = i,
                pixel_format = pixelFormat,
                width = size.Width,
                height = size.Height,
            };
            if (!Videodev2.EnumFrameInterval(device, ref interval))
                break;
            var isRange = interval.type != Videodev2.V4L2_FRMIVAL_TYPE_DISCRETE;
            var (longest, shortest) = isRange
                ? (interval.stepwise.max, interval.stepwise.min)
                : (interval.discrete, interval.discrete);
            if (Rate(longest) is { } slowest && Rate(shortest) is { } fastest)
                rates.Add(new FrameRateRange(slowest, fastest));
            if (isRange)
                break;
        }

        return rates;
    }

    /// <summary>Frames per second of an interval in seconds; null for one that is not set.</summary>
    private static double? Rate(Videodev2.v4l2_fract interval) => interval is { numerator: > 0, denominator: > 0 }
        ? (double)interval.denominator / interval.numerator
        : null;
}
