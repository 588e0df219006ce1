using DmaBuf.Buffers;
using DmaBuf.Interop;

namespace DmaBuf.Frames;

/// <summary>What a device captures, as its driver reported it (struct v4l2_format).</summary>
/// <param name="Width">The width in pixels.</param>
/// <param name="Height">The height in pixels.</param>
/// <param name="PixelFormat">The device's pixel format, whose planes may lie in buffers of their own.</param>
/// <param name="Planes">The size and the stride of each plane in memory, in bytes.</param>
internal sealed record CaptureFormat(
    int Width, int Height, FourCC PixelFormat, IReadOnlyList<(int SizeImage, int BytesPerLine)> Planes)
{
    /// <summary>Reads the driver's answer.</summary>
    public static CaptureFormat Of(ref Videodev2.v4l2_format format)
    {
        var (width, height) = (format.fmt.pix.width, format.fmt.pix.height);
        var planes = new List<(int, int)>(1);
        if (format.type == Videodev2.V4L2_BUF_TYPE_VIDEO_CAPTURE)
        {
            planes.Add(Plane(format.fmt.pix.sizeimage, format.fmt.pix.bytesperline));
        }
        else
        {
            for (var i = 0; i < Math.Min((int)format.fmt.pix_mp.num_planes, Videodev2.VIDEO_MAX_PLANES); i++)
            {
                ref var plane = ref format.fmt.pix_mp.Plane(i);
                planes.Add(Plane(plane.sizeimage, plane.bytesperline));
            }
        }

        return new CaptureFormat(checked((int)width), checked((int)height), new(format.fmt.pix.pixelformat), planes);

        static (int, int) Plane(uint sizeImage, uint bytesPerLine) =>
            (checked((int)sizeImage), checked((int)bytesPerLine));
    }
}
