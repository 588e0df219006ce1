using System.Diagnostics;
using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Frames;
using Xunit;

namespace DmaBuf.Tests;

[Trait("Only", "Host")]
public sealed class PngWriterTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(2, 3, 2)]
    [InlineData(5, 4, 3)]
    [InlineData(101, 67, 4)]
    [InlineData(640, 480, 5)]
    public void Another_decoder_reads_the_same_pixels(int width, int height, int seed)
    {
        foreach (var pixels in new[] { Noise(width * height, seed), Gradient(width, height), Grey(width * height) })
        {
            using var png = new MemoryStream();
            PngWriter.Write(png, pixels, width);
            Assert.Equal(Rgb(pixels), Decode(png.ToArray(), width, height));
        }
    }

    [Fact]
    public void A_grey_picture_has_one_byte_for_each_pixel()
    {
        using var png = new MemoryStream();
        PngWriter.Write(png, Grey(256), 16);
        Assert.Equal(0, png.ToArray()[25]);
        png.SetLength(0);
        PngWriter.Write(png, [.. Grey(255), 0xFF010000], 16);
        Assert.Equal(2, png.ToArray()[25]);
    }

    [Fact]
    public void Smooth_pictures_are_filtered_and_noise_does_not_grow()
    {
        Assert.InRange(Size(Gradient(640, 480), 640), 100, 640 * 480 / 10);
        Assert.InRange(Size(Noise(640 * 480, 1), 640), 1, 640 * 480 * 3.01);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    public void Pixels_that_are_no_whole_number_of_rows_are_refused(int count) =>
        Assert.Throws<ArgumentException>(() => PngWriter.Write(Stream.Null, new uint[count], 2));

    [Fact]
    public void A_saved_picture_is_the_one_in_the_buffer()
    {
        using var folder = new ScratchFolder();
        using var buffer = Buffers.New(65536);
        var bytes = Buffers.Pattern((int)buffer.Size);
        new ContentWriter(buffer, 0).Write(bytes);
        var format = PictureFormat.Create(FourCC.Parse("UYVY"), 160, 120, new());
        var picture = Picture.Read(buffer, format);
        picture.SavePng(folder.File("picture.png"), TestContext.Current.CancellationToken);
        var decoded = Decode(File.ReadAllBytes(folder.File("picture.png")), 160, 120);
        Assert.Equal(Rgb(picture.Pixels.ToArray()), decoded);
    }

    [Fact]
    public void A_full_disk_is_named_with_the_path()
    {
        using var buffer = Buffers.New(65536);
        var picture = Picture.Read(buffer, PictureFormat.Create(FourCC.Parse("GREY"), 16, 16, new()));
        var failure = Assert.Throws<KernelException>(
            () => picture.SavePng("/dev/full", TestContext.Current.CancellationToken));
        Assert.Equal(("write,ENOSPC", "/dev/full"), (failure.ErrorId, failure.Target));
    }

    private static long Size(uint[] pixels, int width)
    {
        using var png = new MemoryStream();
        PngWriter.Write(png, pixels, width);
        return png.Length;
    }

    private static uint[] Noise(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => 0xFF000000 | (uint)random.Next(1 << 24))];
    }

    private static uint[] Gradient(int width, int height) =>
        [.. Enumerable.Range(0, width * height).Select(i => Pixel(i % width, i / width))];

    private static uint Pixel(int x, int y) =>
        0xFF000000 | ((uint)(byte)x << 16) | ((uint)(byte)y << 8) | (byte)(x + y);

    private static uint[] Grey(int count) =>
        [.. Enumerable.Range(0, count).Select(i => 0xFF000000 | ((uint)(byte)(i * 7) * 0x010101))];

    private static byte[] Rgb(uint[] pixels)
    {
        var bytes = new byte[3 * pixels.Length];
        PictureConverter.ToRgb24(pixels, bytes);
        return bytes;
    }

    /// <summary>The pixels as netpbm, which uses libpng, reads them.</summary>
    private static byte[] Decode(byte[] png, int width, int height)
    {
        Requires.Program("pngtopam", "netpbm");
        using var process = Process.Start(new ProcessStartInfo("pngtopam")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        var reading = Task.Run(() =>
        {
            using var memory = new MemoryStream();
            process.StandardOutput.BaseStream.CopyTo(memory);
            return memory.ToArray();
        });
        process.StandardInput.BaseStream.Write(png);
        process.StandardInput.Close();
        var pam = reading.Result;
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        var isGrey = pam[1] == '5';
        var header = System.Text.Encoding.ASCII.GetBytes($"P{(isGrey ? 5 : 6)}\n{width} {height}\n255\n");
        Assert.Equal(header, pam[..header.Length]);
        var samples = pam[header.Length..];
        return isGrey ? [.. samples.SelectMany(grey => new[] { grey, grey, grey })] : samples;
    }
}
