using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Frames;
using Xunit;

namespace DmaBuf.Tests;

public sealed class PictureFormatTests
{
    [Theory]
    [InlineData("YUYV", 640, 480, 614400, 1280)]
    [InlineData("YUYV", 640, 480, 1344 * 480, 1344)]
    [InlineData("YUYV", 640, 480, 614400 + 4096, 1280)]
    [InlineData("NV12", 640, 480, 768 * 720, 768)]
    [InlineData("NV12", 1920, 1080, 1920 * 1088 * 3 / 2, 1920)]
    [InlineData("YU12", 641, 481, (641 * 481) + (2 * 321 * 241), 641)]
    [InlineData("YU12", 320, 240, 384 * 360, 384)]
    [InlineData("GREY", 101, 7, 128 * 7, 128)]
    public void The_stride_of_a_stream_is_the_size_of_its_frames_by_their_rows_if_it_can_be(
        string fourCC, int width, int height, int sizeImage, int stride)
    {
        var stream = new StreamFormat(width, height, FourCC.Parse(fourCC), sizeImage, 4);
        Assert.Equal(stride, PictureFormat.Create(stream, new()).Layout.Planes[0].Stride);
        var given = PictureFormat.Create(stream, new() { Stride = stride });
        Assert.Equal(stride, given.Layout.Planes[0].Stride);
    }

    [Fact]
    public void Planes_follow_each_other_with_chroma_rounded_up()
    {
        var nv12 = PictureFormat.Create(FourCC.Parse("NV12"), 5, 3, new() { Offset = 100 }).Layout.Planes;
        Assert.Equal([new(100, 5), new(115, 6)], nv12);
        var yu12 = PictureFormat.Create(FourCC.Parse("YU12"), 5, 3, new() { Stride = 8 }).Layout.Planes;
        Assert.Equal([new(0, 8), new(24, 4), new(32, 4)], yu12);
    }

    [Theory]
    [InlineData(719, ColorEncoding.Bt601)]
    [InlineData(720, ColorEncoding.Bt709)]
    public void From_720_rows_on_the_equations_are_those_of_BT_709(int height, ColorEncoding encoding)
    {
        var format = PictureFormat.Create(FourCC.Parse("YUYV"), 1280, height, new());
        Assert.Equal((encoding, ColorRange.Limited), (format.Encoding, format.Range));
        var given = new PictureOptions { Encoding = ColorEncoding.Bt601, Range = ColorRange.Full };
        format = PictureFormat.Create(FourCC.Parse("YUYV"), 1280, height, given);
        Assert.Equal((ColorEncoding.Bt601, ColorRange.Full), (format.Encoding, format.Range));
    }

    [Theory]
    [InlineData("MJPG", 640, 480, null, 0, PictureFault.UnknownFormat)]
    [InlineData("YUYV", 0, 480, null, 0, PictureFault.BadSize)]
    [InlineData("YUYV", 640, -1, null, 0, PictureFault.BadSize)]
    [InlineData("YUYV", int.MaxValue, int.MaxValue, null, 0, PictureFault.BadSize)]
    [InlineData("YUYV", 32768, 32768, null, 0, PictureFault.BadSize)]
    [InlineData("YUYV", 640, 480, 1279, 0, PictureFault.BadLayout)]
    [InlineData("YUYV", 640, 480, int.MaxValue, 0, PictureFault.BadLayout)]
    [InlineData("NV12", 640, 480, int.MaxValue, 0, PictureFault.BadLayout)]
    [InlineData("YUYV", 640, 480, null, -1, PictureFault.BadLayout)]
    [InlineData("YU12", 640, 480, null, long.MaxValue, PictureFault.BadLayout)]
    public void A_picture_that_cannot_be_is_refused(
        string fourCC, int width, int height, int? stride, long offset, PictureFault fault)
    {
        var failure = Assert.Throws<PictureException>(() => PictureFormat.Create(
            FourCC.Parse(fourCC), width, height, new() { Stride = stride, Offset = offset }));
        Assert.Equal(fault, failure.Fault);
        Assert.NotNull(failure.RecommendedAction);
    }

    [Theory]
    [InlineData(1, 0UL, PictureFault.BadPlanes)]
    [InlineData(3, 0UL, PictureFault.BadPlanes)]
    [InlineData(2, 1UL, PictureFault.NotLinear)]
    public void Planes_that_the_format_does_not_have_are_refused(int planes, ulong modifier, PictureFault fault)
    {
        var layout = new PictureLayout
        {
            Width = 16,
            Height = 16,
            FourCC = FourCC.Parse("NV12"),
            Modifier = modifier,
            Planes = [.. Enumerable.Repeat(new PicturePlane(0, 16), planes)],
        };
        var failure = Assert.Throws<PictureException>(
            () => new PictureConverter(PictureFormat.Create(layout, new())));
        Assert.Equal(fault, failure.Fault);
    }

    [Fact]
    public void Frames_with_no_room_for_the_picture_are_refused()
    {
        var stream = new StreamFormat(640, 480, FourCC.Parse("YUYV"), 614399, 4);
        var failure = Assert.Throws<PictureException>(() => PictureFormat.Create(stream, new()));
        Assert.Equal(PictureFault.TooSmall, failure.Fault);
    }
}
