using System.Globalization;
using System.Text;

namespace DmaBuf.Interop;

/// <summary>linux/videodev2.h: video devices, their formats, and capture into buffers.</summary>
/// <remarks>Requests fail with ENOTTY where the driver does not have them, and with ENODEV once it is gone.</remarks>
internal static unsafe partial class Videodev2
{
    /// <summary>What the devices' paths begin with; a number follows.</summary>
    public const string DEVICE = "/dev/video";

    public const int VIDEO_MAX_PLANES = 8;

    public const uint V4L2_CAP_VIDEO_CAPTURE = 0x00000001;
    public const uint V4L2_CAP_VIDEO_OUTPUT = 0x00000002;
    public const uint V4L2_CAP_VBI_CAPTURE = 0x00000010;
    public const uint V4L2_CAP_VBI_OUTPUT = 0x00000020;
    public const uint V4L2_CAP_SLICED_VBI_CAPTURE = 0x00000040;
    public const uint V4L2_CAP_SLICED_VBI_OUTPUT = 0x00000080;
    public const uint V4L2_CAP_VIDEO_CAPTURE_MPLANE = 0x00001000;
    public const uint V4L2_CAP_VIDEO_OUTPUT_MPLANE = 0x00002000;
    public const uint V4L2_CAP_VIDEO_M2M_MPLANE = 0x00004000;
    public const uint V4L2_CAP_VIDEO_M2M = 0x00008000;
    public const uint V4L2_CAP_META_CAPTURE = 0x00800000;
    public const uint V4L2_CAP_STREAMING = 0x04000000;
    public const uint V4L2_CAP_META_OUTPUT = 0x08000000;
    public const uint V4L2_CAP_DEVICE_CAPS = 0x80000000;

    public const uint V4L2_BUF_TYPE_VIDEO_CAPTURE = 1;
    public const uint V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE = 9;

    public const uint V4L2_MEMORY_MMAP = 1;
    public const uint V4L2_MEMORY_USERPTR = 2;
    public const uint V4L2_MEMORY_DMABUF = 4;

    public const uint V4L2_FIELD_NONE = 1;
    public const uint V4L2_FMT_FLAG_COMPRESSED = 0x0001;
    public const uint V4L2_FMT_FLAG_EMULATED = 0x0002;
    public const uint V4L2_FRMSIZE_TYPE_DISCRETE = 1;
    public const uint V4L2_FRMIVAL_TYPE_DISCRETE = 1;
    public const uint V4L2_CAP_TIMEPERFRAME = 0x1000;
    public const uint V4L2_BUF_FLAG_ERROR = 0x00000040;
    public const uint V4L2_INPUT_TYPE_TUNER = 1;
    public const uint V4L2_INPUT_TYPE_CAMERA = 2;
    public const uint V4L2_INPUT_TYPE_TOUCH = 3;
    public const uint V4L2_IN_ST_NO_POWER = 0x00000001;
    public const uint V4L2_IN_ST_NO_SIGNAL = 0x00000002;

    public static readonly uint VIDIOC_QUERYCAP = Ioctl.IOR<v4l2_capability>('V', 0);
    public static readonly uint VIDIOC_ENUM_FMT = Ioctl.IOWR<v4l2_fmtdesc>('V', 2);
    public static readonly uint VIDIOC_G_FMT = Ioctl.IOWR<v4l2_format>('V', 4);
    public static readonly uint VIDIOC_S_FMT = Ioctl.IOWR<v4l2_format>('V', 5);
    public static readonly uint VIDIOC_REQBUFS = Ioctl.IOWR<v4l2_requestbuffers>('V', 8);
    public static readonly uint VIDIOC_QUERYBUF = Ioctl.IOWR<v4l2_buffer>('V', 9);
    public static readonly uint VIDIOC_QBUF = Ioctl.IOWR<v4l2_buffer>('V', 15);
    public static readonly uint VIDIOC_EXPBUF = Ioctl.IOWR<v4l2_exportbuffer>('V', 16);
    public static readonly uint VIDIOC_DQBUF = Ioctl.IOWR<v4l2_buffer>('V', 17);
    public static readonly uint VIDIOC_STREAMON = Ioctl.IOW<int>('V', 18);
    public static readonly uint VIDIOC_STREAMOFF = Ioctl.IOW<int>('V', 19);
    public static readonly uint VIDIOC_G_PARM = Ioctl.IOWR<v4l2_streamparm>('V', 21);
    public static readonly uint VIDIOC_S_PARM = Ioctl.IOWR<v4l2_streamparm>('V', 22);
    public static readonly uint VIDIOC_ENUMINPUT = Ioctl.IOWR<v4l2_input>('V', 26);
    public static readonly uint VIDIOC_G_INPUT = Ioctl.IOR<int>('V', 38);
    public static readonly uint VIDIOC_S_INPUT = Ioctl.IOWR<int>('V', 39);
    public static readonly uint VIDIOC_ENUM_FRAMESIZES = Ioctl.IOWR<v4l2_frmsizeenum>('V', 74);
    public static readonly uint VIDIOC_ENUM_FRAMEINTERVALS = Ioctl.IOWR<v4l2_frmivalenum>('V', 75);

    /// <summary>The paths of this machine's devices, in the order of their numbers.</summary>
    public static IReadOnlyList<string> Paths()
    {
        try
        {
            return
            [
                .. Directory.EnumerateFileSystemEntries("/dev", "video*")
                    .Select(path => (Path: path, Number: NumberOf(path)))
                    .Where(device => device.Number >= 0)
                    .OrderBy(device => device.Number)
                    .Select(device => device.Path),
            ];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>A text of a struct: the bytes up to the first NUL.</summary>
    public static string Text(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }

    /// <summary>QUERYCAP: what the device is. Errors: ENOTTY (it is no video device).</summary>
    public static bool QueryCapability(FileDescriptor fd, out v4l2_capability capability)
    {
        capability = default;
        return Ioctl.Call(fd, VIDIOC_QUERYCAP, $"{nameof(VIDIOC_QUERYCAP)}", ref capability) == 0;
    }

    /// <summary>ENUM_FMT: the format with an index. Errors: EINVAL (there is none).</summary>
    public static bool EnumFormat(FileDescriptor fd, ref v4l2_fmtdesc format) =>
        Ioctl.Call(fd, VIDIOC_ENUM_FMT, $"{nameof(VIDIOC_ENUM_FMT)}, {format.index}", ref format) == 0;

    /// <summary>ENUM_FRAMESIZES: a format's size with an index. Errors: EINVAL (there is none).</summary>
    public static bool EnumFrameSize(FileDescriptor fd, ref v4l2_frmsizeenum size) => Ioctl.Call(
        fd,
        VIDIOC_ENUM_FRAMESIZES,
        $"{nameof(VIDIOC_ENUM_FRAMESIZES)}, {size.index}, 0x{size.pixel_format:x}",
        ref size) == 0;

    /// <summary>
    /// ENUM_FRAMEINTERVALS: the interval with an index of a format and size. Errors: EINVAL (there is none).
    /// </summary>
    public static bool EnumFrameInterval(FileDescriptor fd, ref v4l2_frmivalenum interval) => Ioctl.Call(
        fd,
        VIDIOC_ENUM_FRAMEINTERVALS,
        $"{nameof(VIDIOC_ENUM_FRAMEINTERVALS)}, {interval.index}, 0x{interval.pixel_format:x}, "
            + $"{interval.width}x{interval.height}",
        ref interval) == 0;

    /// <summary>ENUMINPUT: the input with an index. Errors: EINVAL (there is none).</summary>
    public static bool EnumInput(FileDescriptor fd, ref v4l2_input input) =>
        Ioctl.Call(fd, VIDIOC_ENUMINPUT, $"{nameof(VIDIOC_ENUMINPUT)}, {input.index}", ref input) == 0;

    /// <summary>G_INPUT: the index of the selected input. Errors: EINVAL, ENOTTY (it has no inputs).</summary>
    public static bool GetInput(FileDescriptor fd, out int input)
    {
        input = 0;
        return Ioctl.Call(fd, VIDIOC_G_INPUT, $"{nameof(VIDIOC_G_INPUT)}", ref input) == 0;
    }

    /// <summary>S_INPUT: selects an input. Errors: EINVAL (there is none), EBUSY (buffers are in use).</summary>
    public static bool SetInput(FileDescriptor fd, int input) =>
        Ioctl.Call(fd, VIDIOC_S_INPUT, $"{nameof(VIDIOC_S_INPUT)}, {input}", ref input) == 0;

    /// <summary>G_FMT: the format that is set for the type. Errors: EINVAL (the device has no such type).</summary>
    public static bool GetFormat(FileDescriptor fd, ref v4l2_format format) =>
        Ioctl.Call(fd, VIDIOC_G_FMT, $"{nameof(VIDIOC_G_FMT)}", ref format) == 0;

    /// <summary>
    /// S_FMT: sets the format, which the driver adjusts to what it has. Errors: EBUSY (buffers are in use), EINVAL (a
    /// type or, in a few drivers, a format that it does not have).
    /// </summary>
    public static bool SetFormat(FileDescriptor fd, ref v4l2_format format) => Ioctl.Call(
        fd,
        VIDIOC_S_FMT,
        $"{nameof(VIDIOC_S_FMT)}, {format.fmt.pix.width}x{format.fmt.pix.height}, 0x{format.fmt.pix.pixelformat:x}",
        ref format) == 0;

    /// <summary>G_PARM: the frame interval. Errors: EINVAL, ENOTTY (the device does not tell).</summary>
    public static bool GetParameters(FileDescriptor fd, ref v4l2_streamparm parameters) =>
        Ioctl.Call(fd, VIDIOC_G_PARM, $"{nameof(VIDIOC_G_PARM)}", ref parameters) == 0;

    /// <summary>
    /// S_PARM: sets the frame interval, which the driver adjusts to what it has. Errors: EINVAL, ENOTTY (it has a fixed
    /// one), EBUSY (it is streaming).
    /// </summary>
    public static bool SetParameters(FileDescriptor fd, ref v4l2_streamparm parameters) => Ioctl.Call(
        fd,
        VIDIOC_S_PARM,
        $"{nameof(VIDIOC_S_PARM)}, {parameters.parm.capture.timeperframe.numerator}/"
            + $"{parameters.parm.capture.timeperframe.denominator} s",
        ref parameters) == 0;

    /// <summary>
    /// REQBUFS: allocates buffers, or places for the caller's own, and returns how many there are; 0 frees all.
    /// </summary>
    /// <remarks>Errors: EBUSY (another process uses the device), EINVAL (no such memory), ENOMEM.</remarks>
    public static bool RequestBuffers(FileDescriptor fd, ref v4l2_requestbuffers request) => Ioctl.Call(
        fd, VIDIOC_REQBUFS, $"{nameof(VIDIOC_REQBUFS)}, {request.count}, memory {request.memory}", ref request) == 0;

    /// <summary>QUERYBUF: where a buffer lies, and its size. Errors: EINVAL (there is no such buffer).</summary>
    public static bool QueryBuffer(FileDescriptor fd, ref v4l2_buffer buffer) =>
        Ioctl.Call(fd, VIDIOC_QUERYBUF, $"{nameof(VIDIOC_QUERYBUF)}, {buffer.index}", ref buffer) == 0;

    /// <summary>
    /// QBUF: lets the device fill a buffer. Errors: EINVAL (the driver cannot use the memory, or the buffer is queued
    /// already), EFAULT, ENOMEM, ENODEV.
    /// </summary>
    public static bool Queue(FileDescriptor fd, ref v4l2_buffer buffer) =>
        Ioctl.Call(fd, VIDIOC_QBUF, $"{nameof(VIDIOC_QBUF)}, {buffer.index}", ref buffer) == 0;

    /// <summary>
    /// DQBUF: takes a filled buffer. Errors: EAGAIN (none is ready, on a non-blocking descriptor), EIO (the device has
    /// failed), ENODEV (it is gone).
    /// </summary>
    public static bool Dequeue(FileDescriptor fd, ref v4l2_buffer buffer) =>
        Ioctl.Call(fd, VIDIOC_DQBUF, $"{nameof(VIDIOC_DQBUF)}", ref buffer) == 0;

    /// <summary>
    /// EXPBUF: a dma-buf of one plane of a buffer that REQBUFS allocated. Errors: ENOTTY, EINVAL (the driver does not
    /// export).
    /// </summary>
    public static FileDescriptor? Export(FileDescriptor fd, uint type, int index, int plane)
    {
        var export = new v4l2_exportbuffer
        {
            type = type,
            index = (uint)index,
            plane = (uint)plane,
            flags = Fcntl.O_RDWR | Fcntl.O_CLOEXEC,
        };
        return Ioctl.Call(fd, VIDIOC_EXPBUF, $"{nameof(VIDIOC_EXPBUF)}, {index}, plane {plane}", ref export) < 0
            ? null
            : new FileDescriptor(export.fd);
    }

    /// <summary>STREAMON: starts capture. Errors: EINVAL, EIO, EPIPE, ENOLINK and others of the driver.</summary>
    public static bool StreamOn(FileDescriptor fd, uint type) =>
        Ioctl.Call(fd, VIDIOC_STREAMON, $"{nameof(VIDIOC_STREAMON)}", &type) == 0;

    /// <summary>STREAMOFF: ends capture and takes all buffers from the device. Errors: ENODEV.</summary>
    public static bool StreamOff(FileDescriptor fd, uint type) =>
        Ioctl.Call(fd, VIDIOC_STREAMOFF, $"{nameof(VIDIOC_STREAMOFF)}", &type) == 0;

    private static int NumberOf(string path) =>
        int.TryParse(path.AsSpan(DEVICE.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : -1;
}
