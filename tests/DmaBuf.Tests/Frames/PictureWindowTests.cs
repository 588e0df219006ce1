using System.Diagnostics;
using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Frames;
using DmaBuf.Interop;
using DmaBuf.Waits;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>Windows on a real X server, which is told by variables of the process.</summary>
[Collection(nameof(VirtualDisplay))]
[Trait("Only", "Host")]
public sealed class PictureWindowTests
{
    private const int Width = 320;
    private const int Height = 240;

    [Fact]
    public void A_window_shows_each_frame_in_its_colours()
    {
        Requires.Sdl2();
        using var display = new VirtualDisplay(Width, Height);
        using var sink = new WindowSink("test", new());
        var format = new StreamFormat(Width, Height, FourCC.Parse("YUYV"), Width * Height * 2, 1);
        sink.Start(format);
        foreach (var seed in new[] { 1, 2 })
        {
            var content = Blocks(seed);
            using var frame = new FrameMaker(content);
            Assert.Equal(FrameUse.Done, sink.Take(frame.Frame, _ => { }));
            var expected = new uint[Width * Height];
            new PictureConverter(PictureFormat.Create(format, new())).ToXrgb(content, expected);
            AssertShows(display, [.. expected.Select(pixel => pixel & 0xFFFFFF)]);
        }

        Assert.False(sink.IsClosed);
    }

    [Theory]
    [InlineData(Sdl2.SDL_KEYDOWN, Sdl2.SDLK_ESCAPE)]
    [InlineData(Sdl2.SDL_KEYDOWN, Sdl2.SDLK_q)]
    [InlineData(Sdl2.SDL_WINDOWEVENT, 0)]
    public void The_user_closes_a_window_and_another_stays(uint type, int key)
    {
        Requires.Sdl2();
        using var display = new VirtualDisplay(Width, Height);
        using var limit = new WaitLimit(TimeSpan.FromSeconds(60));
        using var other = new PictureWindow("other", 16, 16);
        using var window = new PictureWindow("window", Width, Height);
        Push(type, window, 'x');
        Push(type, window, key);
        window.WaitClosed(limit);
        Assert.True(window.IsClosed);
        Assert.False(other.IsClosed);
        AssertShows(display, new uint[Width * Height]);
    }

    [Fact]
    public void A_window_that_stays_open_times_out()
    {
        Requires.Sdl2();
        using var display = new VirtualDisplay(Width, Height);
        using var limit = new WaitLimit(TimeSpan.FromMilliseconds(200));
        using var window = new PictureWindow("window", Width, Height);
        Push(Sdl2.SDL_KEYDOWN, window, 'x');
        Assert.Throws<WaitTimeoutException>(() => window.WaitClosed(limit));
    }

    [Fact]
    public void Frames_for_a_window_allocate_nothing_and_a_window_leaks_no_descriptor()
    {
        Requires.Sdl2();
        using var display = new VirtualDisplay(Width, Height);
        using var frame = new FrameMaker(Blocks(1));
        OpenWindow(frame.Frame);
        var before = Directory.GetFiles("/proc/self/fd").Length;
        for (var i = 0; i < 3; i++)
            OpenWindow(frame.Frame);
        // Other threads may close theirs a moment later.
        Assert.True(SpinWait.SpinUntil(
            () => Directory.GetFiles("/proc/self/fd").Length <= before + 2, TimeSpan.FromSeconds(20)));
    }

    [Theory]
    [InlineData("x11")]
    [InlineData("")]
    public void Without_a_display_the_error_says_how_to_get_one(string driver)
    {
        Requires.Sdl2();
        using (new VirtualDisplay(Width, Height))
        {
            var real = Environment.GetEnvironmentVariable("DISPLAY");
            Environment.SetEnvironmentVariable("DISPLAY", ":4242");
            Environment.SetEnvironmentVariable("SDL_VIDEODRIVER", driver);
            Assert.SkipWhen(driver.Length == 0 && Directory.Exists("/dev/dri"), "needs a machine without a display");
            var failure = Assert.Throws<DisplayException>(() => new PictureWindow("none", Width, Height));
            Assert.Equal("Display,NoDisplay", failure.ErrorId);
            Assert.Contains("SDL_VIDEODRIVER", failure.RecommendedAction, StringComparison.Ordinal);
            // And it works as soon as there is one.
            Environment.SetEnvironmentVariable("DISPLAY", real);
            new PictureWindow("one", Width, Height).Dispose();
        }
    }

    [Fact]
    public void A_picture_larger_than_the_display_is_scaled_to_it()
    {
        Requires.Sdl2();
        using var display = new VirtualDisplay(Width, Height);
        using var buffer = Buffers.New(Width * Height * 4);
        new ContentWriter(buffer, 0).Write(Enumerable.Repeat((byte)235, (int)buffer.Size).ToArray());
        var picture = Picture.Read(
            buffer, PictureFormat.Create(FourCC.Parse("GREY"), 2 * Width, 2 * Height, new()));
        using var window = new PictureWindow("large", picture.Width, picture.Height);
        window.Show(picture);
        AssertShows(display, Enumerable.Repeat(0xFFFFFFu, Width * Height).ToArray());
    }

    private static void OpenWindow(Frame frame)
    {
        using var sink = new WindowSink("test", new());
        sink.Start(new StreamFormat(Width, Height, FourCC.Parse("YUYV"), Width * Height * 2, 1));
        Action<Frame> release = _ => { };
        sink.Take(frame, release);
        var allocated = Allocations.Of(() =>
        {
            for (var i = 0; i < 20; i++)
                sink.Take(frame, release);
        });
        Assert.Equal(0, allocated);
    }

    /// <summary>Waits until the display shows these pixels.</summary>
    private static void AssertShows(VirtualDisplay display, uint[] expected)
    {
        var clock = Stopwatch.StartNew();
        while (!display.Screenshot().SequenceEqual(expected) && clock.Elapsed < TimeSpan.FromSeconds(60))
            Thread.Sleep(20);
        Assert.Equal(expected, display.Screenshot());
    }

    private static void Push(uint type, PictureWindow window, int key)
    {
        var item = new Sdl2.SDL_Event { type = type, windowID = window.Id, sym = key };
        if (type == Sdl2.SDL_WINDOWEVENT)
            item.windowEvent = key == 0 ? Sdl2.SDL_WINDOWEVENT_CLOSE : (byte)3;
        Assert.Equal(1, Sdl2.SDL_PushEvent(ref item));
    }

    /// <summary>A frame of YUYV with blocks of 16 x 16 pixels of random colours.</summary>
    private static byte[] Blocks(int seed)
    {
        var colours = new byte[Width / 16 * (Height / 16) * 4];
        new Random(seed).NextBytes(colours);
        var frame = new byte[Width * Height * 2];
        for (var i = 0; i < frame.Length; i++)
        {
            var (x, y) = (i % (2 * Width) / 32, i / (2 * Width) / 16);
            frame[i] = colours[(4 * ((y * Width / 16) + x)) + (i % 4)];
        }

        return frame;
    }
}
