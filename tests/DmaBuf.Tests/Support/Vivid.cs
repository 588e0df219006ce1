using DmaBuf.Buffers;
using DmaBuf.Frames;
using DmaBuf.Interop;
using DmaBuf.Waits;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>
/// A device of the kernel module vivid, a camera that shows what its controls say
/// (drivers/media/test-drivers/vivid/vivid-ctrls.c). At first it shows one colour without text.
/// </summary>
internal sealed class Vivid : IDisposable
{
    public const uint VIVID_CID_DISCONNECT = BASE + 65;
    public const uint VIVID_CID_DQBUF_ERROR = BASE + 66;
    public const uint VIVID_CID_QUEUE_SETUP_ERROR = BASE + 67;
    public const uint VIVID_CID_START_STR_ERROR = BASE + 69;
    public const uint VIVID_CID_QUEUE_ERROR = BASE + 70;

    private const uint BASE = 0x00f00000 | 0xf000;
    private const uint VIVID_CID_TEST_PATTERN = BASE;
    private const uint VIVID_CID_OSD_TEXT_MODE = BASE + 1;
    private const int NoText = 2;
    private const int Black = 5;
    private const int White = 6;
    private const double FrameSeconds = 30;
    private static readonly uint VIDIOC_S_CTRL = Ioctl.IOWR<v4l2_control>('V', 28);
    private readonly FileDescriptor _device;

    public Vivid(bool multiPlanar = false)
    {
        Requires.Vivid();
        var path = VideoDevice.Paths().FirstOrDefault(path => IsCamera(path, multiPlanar));
        Assert.SkipWhen(path is null, $"needs vivid with {(multiPlanar ? "multiplanar=2" : "multiplanar=1")}");
        Path = path;
        _device = VideoQueries.Open(Path);
        _ = Videodev2.SetInput(_device, 0);
        Set(VIVID_CID_OSD_TEXT_MODE, NoText);
        ShowWhite();
    }

    public string Path { get; }

    /// <summary>The device's pixel formats.</summary>
    public IReadOnlyList<FourCC> Formats
    {
        get
        {
            Assert.True(Videodev2.QueryCapability(_device, out var capability));
            return VideoQueries.PixelFormats(_device, capability.CaptureType);
        }
    }

    /// <summary>Waits for the next frame.</summary>
    public static Frame Next(VideoCapture capture)
    {
        using var limit = new WaitLimit(TimeSpan.FromSeconds(FrameSeconds));
        while (true)
        {
            limit.ForEvent(capture.Descriptor!, Poll.POLLIN, "a frame");
            if (capture.TryNext() is { } frame)
                return frame;
        }
    }

    /// <summary>Capture of vivid's smallest size, at its highest rate; YUYV unless another format is given.</summary>
    public CaptureOptions Options(string format = "YUYV") => new()
    {
        Device = Path,
        Width = 320,
        Height = 180,
        FrameRate = 60,
        PixelFormat = FourCC.Parse(format),
    };

    public void ShowWhite() => Set(VIVID_CID_TEST_PATTERN, White);

    public void ShowBlack() => Set(VIVID_CID_TEST_PATTERN, Black);

    /// <summary>Presses a button.</summary>
    public void Press(uint button) => Set(button, 1);

    public void Dispose()
    {
        _ = Videodev2.SetInput(_device, 0);
        _device.Dispose();
    }

    private static bool IsCamera(string path, bool multiPlanar)
    {
        using var device = VideoQueries.Open(path);
        return Videodev2.QueryCapability(device, out var capability)
            && capability.Driver == "vivid" && capability.Captures && capability.CapturesPlanes == multiPlanar;
    }

    private void Set(uint id, int value)
    {
        var control = new v4l2_control { id = id, value = value };
        Assert.Equal(0, Ioctl.Call(_device, VIDIOC_S_CTRL, $"VIDIOC_S_CTRL", ref control));
    }

    /// <summary>struct v4l2_control of linux/videodev2.h.</summary>
    private struct v4l2_control
    {
        public uint id;
        public int value;
    }
}
