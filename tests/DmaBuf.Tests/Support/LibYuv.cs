using System.Runtime.InteropServices;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>
/// libyuv (Debian's libyuv0), as an independent converter to compare with. It replicates chroma, as this project does,
/// and computes with six fractional bits.
/// </summary>
internal static unsafe partial class LibYuv
{
    private const string Library = "libyuv.so.0";

    /// <summary>Converts a picture without padding.</summary>
    /// <returns>The pixels, or null if the library has no function for that.</returns>
    public static uint[]? Convert(byte[] bytes, string fourCC, int width, int height, bool is709, bool isFull)
    {
        Assert.SkipUnless(NativeLibrary.TryLoad(Library, out var library), "needs Debian's libyuv0");
        var matrix = NativeLibrary.GetExport(library, (is709, isFull) switch
        {
            (false, false) => "kYuvI601Constants",
            (false, true) => "kYuvJPEGConstants",
            (true, false) => "kYuvH709Constants",
            _ => "kYuvF709Constants",
        });
        var pixels = new uint[width * height];
        var (half, luma, quarter) = ((width + 1) / 2, width * height, (width + 1) / 2 * ((height + 1) / 2));
        fixed (byte* p = bytes)
        fixed (uint* argb = pixels)
        {
            var isUsual = !is709 && !isFull;
            var result = fourCC switch
            {
                "YUYV" when isUsual => YUY2ToARGB(p, 4 * half, argb, 4 * width, width, height),
                "UYVY" when isUsual => UYVYToARGB(p, 4 * half, argb, 4 * width, width, height),
                "NV12" => NV12ToARGBMatrix(
                    p, width, p + luma, 2 * half, argb, 4 * width, matrix, width, height),
                "NV21" => NV21ToARGBMatrix(
                    p, width, p + luma, 2 * half, argb, 4 * width, matrix, width, height),
                "YU12" => I420ToARGBMatrix(
                    p, width, p + luma, half, p + luma + quarter, half, argb, 4 * width, matrix, width, height),
                "GREY" => I400ToARGBMatrix(p, width, argb, 4 * width, matrix, width, height),
                // libyuv names formats by their numbers, from the highest byte down.
                "RGB3" => RAWToARGB(p, 3 * width, argb, 4 * width, width, height),
                "BGR3" => RGB24ToARGB(p, 3 * width, argb, 4 * width, width, height),
                _ => 1,
            };
            return result == 0 ? pixels : null;
        }
    }

    [LibraryImport(Library)]
    private static partial int YUY2ToARGB(byte* yuy2, int stride, uint* argb, int argbStride, int width, int height);

    [LibraryImport(Library)]
    private static partial int UYVYToARGB(byte* uyvy, int stride, uint* argb, int argbStride, int width, int height);

    [LibraryImport(Library)]
    private static partial int RAWToARGB(byte* raw, int stride, uint* argb, int argbStride, int width, int height);

    [LibraryImport(Library)]
    private static partial int RGB24ToARGB(byte* rgb, int stride, uint* argb, int argbStride, int width, int height);

    [LibraryImport(Library)]
    private static partial int I400ToARGBMatrix(
        byte* y, int stride, uint* argb, int argbStride, nint matrix, int width, int height);

    [LibraryImport(Library)]
    private static partial int NV12ToARGBMatrix(
        byte* y, int stride, byte* uv, int uvStride, uint* argb, int argbStride, nint matrix, int width, int height);

    [LibraryImport(Library)]
    private static partial int NV21ToARGBMatrix(
        byte* y, int stride, byte* vu, int vuStride, uint* argb, int argbStride, nint matrix, int width, int height);

    [LibraryImport(Library)]
    private static partial int I420ToARGBMatrix(
        byte* y,
        int stride,
        byte* u,
        int uStride,
        byte* v,
        int vStride,
        uint* argb,
        int argbStride,
        nint matrix,
        int width,
        int height);
}
