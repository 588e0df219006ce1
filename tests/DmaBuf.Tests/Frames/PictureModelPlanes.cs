using DmaBuf.Frames;

namespace DmaBuf.Tests;

/// <summary>Luma, Cb and Cr of a picture, each without padding, by the definition of its format.</summary>
internal static class PictureModelPlanes
{
    public static byte[] Of(byte[] bytes, PictureFormat format)
    {
        var (width, height, planes) = (format.Layout.Width, format.Layout.Height, format.Layout.Planes);
        return format.Layout.FourCC.ToString() switch
        {
            "YUYV" => [.. Plane(0, 1, 2, 0), .. Plane(0, 2, 4, 1), .. Plane(0, 2, 4, 3)],
            "UYVY" => [.. Plane(0, 1, 2, 1), .. Plane(0, 2, 4, 0), .. Plane(0, 2, 4, 2)],
            "YVYU" => [.. Plane(0, 1, 2, 0), .. Plane(0, 2, 4, 3), .. Plane(0, 2, 4, 1)],
            "NV12" => [.. Plane(0, 1, 1, 0), .. Plane(1, 2, 2, 0), .. Plane(1, 2, 2, 1)],
            "YU12" => [.. Plane(0, 1, 1, 0), .. Plane(1, 2, 1, 0), .. Plane(2, 2, 1, 0)],
            "YV12" => [.. Plane(0, 1, 1, 0), .. Plane(2, 2, 1, 0), .. Plane(1, 2, 1, 0)],
            "422P" => [.. Plane(0, 1, 1, 0), .. Plane(1, 2, 1, 0), .. Plane(2, 2, 1, 0)],
            "YV16" => [.. Plane(0, 1, 1, 0), .. Plane(2, 2, 1, 0), .. Plane(1, 2, 1, 0)],
            _ => Plane(0, 1, 1, 0),
        };

        byte[] Plane(int plane, int divisor, int step, int first)
        {
            var (columns, lines) = ((width + divisor - 1) / divisor, height);
            if (divisor == 2 && planes.Count > 1 && format.Layout.FourCC.ToString() is not ("422P" or "YV16"))
                lines = (height + 1) / 2;
            var (offset, stride) = planes[plane];
            return [.. Enumerable.Range(0, lines).SelectMany(line => Enumerable.Range(0, columns)
                .Select(column => bytes[offset + (line * stride) + (column * step) + first]))];
        }
    }
}
