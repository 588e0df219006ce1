using DmaBuf.Buffers;
using DmaBuf.Frames;
using Xunit;

namespace DmaBuf.Tests;

public sealed class VideoDeviceTests
{
    [Fact]
    public void Cameras_are_listed_beside_devices_of_other_kinds()
    {
        Requires.Vivid();
        OpenDescriptors.StayTheSame(() => VideoDevice.List());
        var devices = VideoDevice.List();
        Assert.Equal(VideoDevice.Paths(), devices.Select(device => device.Device));
        Assert.Contains(devices, device => device.Kind == VideoDeviceKind.Capture);
        Assert.Contains(devices, device => device is { Kind: VideoDeviceKind.Output, Formats.Count: 0 });
        Assert.All(devices, device => Assert.Null(device.Failure));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_camera_tells_what_it_has(bool multiPlanar)
    {
        using var vivid = new Vivid(multiPlanar);
        var device = VideoDevice.Get(vivid.Path);
        Assert.Equal(("vivid", "vivid", VideoDeviceKind.Capture), (device.Driver, device.Card, device.Kind));
        Assert.StartsWith("platform:vivid", device.Bus, StringComparison.Ordinal);
        Assert.Equal(multiPlanar, device.IsMultiPlanar);
        Assert.Equal(multiPlanar, device.Formats.Any(format => $"{format}" == "NM12"));
        Assert.Contains("Webcam", device.Inputs.Single(input => input.IsSelected).Name, StringComparison.Ordinal);
        Assert.NotNull(device.FrameRate);
        Assert.NotNull(device.PixelFormat);
        var format = device.Formats.Single(format => format.PixelFormat == FourCC.Parse("YUYV"));
        Assert.Equal(("YUYV 4:2:2", false, false), (format.Description, format.IsCompressed, format.IsEmulated));
        var size = format.Sizes.Single(size => (size.Width, size.Height) == (640, 480));
        Assert.False(size.IsRange);
        Assert.Equal("640x480", $"{size}");
        Assert.NotEmpty(size.FrameRates);
        Assert.All(size.FrameRates, rate => Assert.InRange(rate.Min, 1, 240));
    }

    [Fact]
    public void An_input_of_any_size_has_a_range()
    {
        using var vivid = new Vivid();
        var hdmi = VideoDevice.Get(vivid.Path).Inputs.First(
            input => input.Name.StartsWith("HDMI", StringComparison.Ordinal));
        VideoCapture.Open(new CaptureOptions { Device = vivid.Path, Input = hdmi.Index }).Dispose();
        var size = Assert.Single(VideoDevice.Get(vivid.Path).Formats[0].Sizes);
        Assert.True(size.IsRange);
        Assert.True(size.MaxWidth > size.Width);
    }

    [Theory]
    [InlineData(640, 480, 0, 0, "640x480")]
    [InlineData(1920, 1080, 1, 1, "640x480 to 1920x1080")]
    [InlineData(1920, 1080, 2, 4, "640x480 to 1920x1080 by 2x4")]
    public void Sizes_and_ranges_are_shown_as_people_write_them(int width, int height, int x, int y, string text) =>
        Assert.Equal(text, $"{new VideoSize(640, 480, width, height, x, y, [])}");
}
