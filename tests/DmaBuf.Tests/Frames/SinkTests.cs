using System.Text;
using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Frames;
using DmaBuf.Waits;
using Xunit;

namespace DmaBuf.Tests;

public sealed class SinkTests : IDisposable
{
    private readonly ScratchFolder _folder = new();
    private readonly WaitLimit _limit = new(TimeSpan.FromSeconds(60));

    public void Dispose()
    {
        _limit.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_raw_file_has_the_frames_bytes_plane_by_plane()
    {
        var path = _folder.File("raw");
        using var frame = new FrameMaker(Buffers.Pattern(5000), Buffers.Pattern(300));
        using (var sink = new RawFileSink(path, _limit))
        {
            sink.Start(Format("NV12", 100, 50, 5300));
            Assert.Equal(FrameUse.Done, sink.Take(frame.Frame, Released));
            sink.Take(frame.Frame, Released);
        }

        byte[] one = [.. Buffers.Pattern(5000), .. Buffers.Pattern(300)];
        Assert.Equal([.. one, .. one], File.ReadAllBytes(path));
    }

    [Fact]
    public void Raw_frames_of_any_format_are_written_and_allocate_nothing()
    {
        using var frame = new FrameMaker(Buffers.Pattern(5000));
        using var sink = new RawFileSink("/dev/null", _limit);
        sink.Start(Format("MJPG", 640, 480, 5000));
        AssertNoAllocation(sink, frame.Frame);
    }

    [Fact]
    public void A_full_disk_is_named_with_the_path()
    {
        using var frame = new FrameMaker(Buffers.Pattern(5000));
        using var raw = new RawFileSink("/dev/full", _limit);
        raw.Start(Format("GREY", 50, 100, 5000));
        AssertFull(() => raw.Take(frame.Frame, Released));
        using var y4m = new Y4mSink("/dev/full", 30, new(), _limit);
        AssertFull(() => y4m.Start(Format("GREY", 50, 100, 5000)));
    }

    [Theory]
    [InlineData("YUYV", "C422", 7, 3)]
    [InlineData("UYVY", "C422", 8, 2)]
    [InlineData("YVYU", "C422", 8, 3)]
    [InlineData("NV12", "C420jpeg", 7, 5)]
    [InlineData("YU12", "C420jpeg", 8, 4)]
    [InlineData("YV12", "C420jpeg", 5, 3)]
    [InlineData("422P", "C422", 7, 5)]
    [InlineData("YV16", "C422", 8, 3)]
    [InlineData("GREY", "Cmono", 5, 3)]
    public void A_Y4M_file_has_planes_without_padding(string fourCC, string space, int width, int height)
    {
        var isPacked = fourCC is "YUYV" or "UYVY" or "YVYU";
        var options = new PictureOptions { Stride = isPacked ? 48 : 16 };
        var picture = PictureFormat.Create(FourCC.Parse(fourCC), width, height, options);
        var content = Buffers.Pattern((int)new PictureConverter(picture).BytesNeeded);
        using var frame = new FrameMaker(content);
        var path = _folder.File("y4m");
        using (var sink = new Y4mSink(path, 25, options, _limit))
        {
            sink.Start(Format(fourCC, width, height, content.Length));
            AssertNoAllocation(sink, frame.Frame, 2);
        }

        var file = File.ReadAllBytes(path);
        var header = Encoding.ASCII.GetBytes(
            $"YUV4MPEG2 W{width} H{height} F25:1 Ip A1:1 {space} XCOLORRANGE=LIMITED\n");
        Assert.Equal(header, file[..header.Length]);
        byte[] one = [.. "FRAME\n"u8, .. PictureModelPlanes.Of(content, picture)];
        Assert.Equal([.. one, .. one], file[header.Length..]);
    }

    [Theory]
    [InlineData("422P", 7, 3)]
    [InlineData("YU12", 8, 4)]
    [InlineData("GREY", 5, 3)]
    public void A_Y4M_file_is_read_as_it_was_written(string fourCC, int width, int height)
    {
        var size = PixelFormats.SizeOf(FourCC.Parse(fourCC), width, height);
        var content = Buffers.Pattern(size);
        using var frame = new FrameMaker(content);
        var path = _folder.File("y4m");
        using (var sink = new Y4mSink(path, 25, new(), _limit))
        {
            sink.Start(Format(fourCC, width, height, size));
            sink.Take(frame.Frame, Released);
        }

        using var source = FrameSources.Open(new SourceOptions { File = path, FrameRate = 0, BufferCount = 1 });
        Assert.Equal(
            (width, height, fourCC), (source.Format.Width, source.Format.Height, $"{source.Format.PixelFormat}"));
        source.Start();
        var read = source.TryNext();
        Assert.NotNull(read);
        using var view = read.Buffer.OpenView(BufferAccess.Read);
        Assert.Equal(content, view.Slice(0, size).ToArray());
    }

    [Theory]
    [InlineData("RGB3", 60)]
    [InlineData("MJPG", 60)]
    public void A_Y4M_file_takes_no_other_formats(string fourCC, int size)
    {
        using var sink = new Y4mSink(_folder.File("y4m"), 30, new(), _limit);
        var failure = Assert.Throws<PictureException>(() => sink.Start(Format(fourCC, 5, 4, size)));
        Assert.Equal(PictureFault.UnknownFormat, failure.Fault);
    }

    [Theory]
    [InlineData(30, "30:1")]
    [InlineData(29.97, "30000:1001")]
    [InlineData(23.976, "24000:1001")]
    [InlineData(59.94, "60000:1001")]
    [InlineData(12.5, "25:2")]
    [InlineData(7.25, "29:4")]
    public void A_frame_rate_is_a_fraction(double rate, string ratio) => Assert.Equal(ratio, Y4mSink.Ratio(rate));

    [Fact]
    public void A_frame_too_short_for_its_picture_is_left_out()
    {
        using var frame = new FrameMaker(Buffers.Pattern(100));
        var path = _folder.File("y4m");
        using (var sink = new Y4mSink(path, 30, new(), _limit))
        {
            sink.Start(Format("GREY", 20, 10, 200));
            sink.Take(frame.Frame, Released);
        }

        Assert.Equal("YUV4MPEG2 W20 H10 F30:1 Ip A1:1 Cmono XCOLORRANGE=LIMITED\n", File.ReadAllText(path));
    }

    [Fact]
    public void A_terminal_shows_half_blocks_in_place_and_gets_its_cursor_back()
    {
        using var frame = new FrameMaker([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 1, 2, 3, 4, 5, 6]);
        using var output = new MemoryStream();
        using (var sink = new TerminalSink(output, () => (80, 24), new()))
        {
            sink.Start(Format("RGB3", 2, 3, 18));
            sink.Take(frame.Frame, Released);
            sink.Take(frame.Frame, Released);
        }

        const string Picture = "\e[38;2;255;0;0m\e[48;2;0;0;255m▀\e[38;2;0;255;0m\e[48;2;255;255;255m▀\e[0m\r\n"
            + "\e[38;2;1;2;3m▀\e[38;2;4;5;6m▀\e[0m";
        Assert.Equal(
            $"\e[?25l{Picture}\r\e[1A{Picture}\e[0m\r\n\e[?25h", Encoding.UTF8.GetString(output.ToArray()));
    }

    [Fact]
    public void A_picture_is_scaled_to_the_terminal_which_allocates_nothing()
    {
        var size = (Columns: 40, Lines: 11);
        using var frame = new FrameMaker(Buffers.Pattern(640 * 480 * 2));
        using var output = new CountingStream();
        using var sink = new TerminalSink(output, () => size, new());
        sink.Start(Format("YUYV", 640, 480, 640 * 480 * 2));
        AssertNoAllocation(sink, frame.Frame);
        Assert.Equal(10 - 1, output.Lines);
        Assert.Equal(26 * 10, output.Blocks);
        size = (10, 24);
        sink.Take(frame.Frame, Released);
        Assert.Equal(10 * 4, output.Blocks);
    }

    private static void AssertNoAllocation(IFrameSink sink, Frame frame, int frames = 10)
    {
        Action<Frame> released = Released;
        sink.Take(frame, released);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 1; i < frames; i++)
            sink.Take(frame, released);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void AssertFull(Action action)
    {
        var failure = Assert.Throws<KernelException>(action);
        Assert.Equal(("write,ENOSPC", "/dev/full"), (failure.ErrorId, failure.Target));
        Assert.NotNull(failure.RecommendedAction);
    }

    private static StreamFormat Format(string fourCC, int width, int height, int size) =>
        new(width, height, FourCC.Parse(fourCC), size, 4);

    private static void Released(Frame frame) => Assert.Fail("A frame that was not kept is not released.");
}
