using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Frames;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>What goes wrong with a camera, with vivid's own controls where the driver has to fail.</summary>
public sealed class VideoFaultTests
{
    [Fact]
    public void A_device_that_refuses_the_buffers_gives_its_own()
    {
        using var vivid = new Vivid();
        var allocated = new List<DmaBuffer>();
        using var capture = VideoCapture.Open(vivid.Options() with { Allocate = NotADmaBuf });
        Assert.Equal(CaptureMemory.Mmap, capture.Memory);
        Assert.NotEmpty(allocated);
        Assert.All(allocated, buffer => Assert.False(buffer.IsHeld));
        capture.Start();
        Assert.Equal(capture.Format.SizeImage, Vivid.Next(capture).BytesUsed);

        DmaBuffer NotADmaBuf(long size)
        {
            allocated.Add(MemFdAllocator.Allocate(size, new MemFdOptions()));
            return allocated[^1];
        }
    }

    [Fact]
    public void A_device_that_refuses_the_kind_of_memory_gives_its_own_buffers()
    {
        Requires.Udmabuf();
        using var vivid = new Vivid();
        vivid.Press(Vivid.VIVID_CID_QUEUE_SETUP_ERROR);
        using var capture = VideoCapture.Open(
            vivid.Options() with { Allocate = size => UdmabufAllocator.Allocate(size) });
        Assert.Equal(CaptureMemory.Mmap, capture.Memory);
    }

    [Fact]
    public void The_kind_of_memory_that_was_asked_for_is_not_replaced_by_another()
    {
        using var vivid = new Vivid();
        var options = vivid.Options() with
        {
            Memory = CaptureMemory.DmaBuf,
            Allocate = size => MemFdAllocator.Allocate(size, new MemFdOptions()),
        };
        OpenDescriptors.StayTheSame(() => Assert.Equal(
            "Video,MemoryRefused", Assert.Throws<VideoException>(() => VideoCapture.Open(options)).ErrorId));
    }

    [Fact]
    public void A_failing_allocation_leaves_nothing_open()
    {
        using var vivid = new Vivid(multiPlanar: true);
        OpenDescriptors.StayTheSame(() =>
        {
            var left = 5;
            var failure = Assert.Throws<KernelException>(() => VideoCapture.Open(vivid.Options("NM12") with
            {
                Memory = CaptureMemory.UserPtr,
                Allocate = size => left-- > 0
                    ? MemFdAllocator.Allocate(size, new MemFdOptions())
                    : DmaHeapAllocator.Allocate("none", size),
            }));
            Assert.Equal("open,ENOENT", failure.ErrorId);
        });
    }

    [Fact]
    public void A_device_that_is_unplugged_ends_the_stream()
    {
        using var vivid = new Vivid();
        var failure = Assert.Throws<KernelException>(() =>
        {
            using var capture = VideoCapture.Open(vivid.Options());
            capture.Start();
            capture.Return(Vivid.Next(capture));
            vivid.Press(Vivid.VIVID_CID_DISCONNECT);
            TakeFrames(capture);
        });
        Assert.Contains(failure.ErrorId, new[] { "VIDIOC_DQBUF,ENODEV", "VIDIOC_QBUF,ENODEV" });
        Assert.Contains("unplugged", failure.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_frame_is_marked_and_the_next_one_is_not()
    {
        using var vivid = new Vivid();
        using var capture = VideoCapture.Open(vivid.Options());
        capture.Start();
        capture.Return(Vivid.Next(capture));
        vivid.Press(Vivid.VIVID_CID_DQBUF_ERROR);
        var damaged = 0;
        for (var i = 0; i < 2 * capture.Frames.Count; i++)
        {
            var frame = Vivid.Next(capture);
            damaged += frame.IsDamaged ? 1 : 0;
            capture.Return(frame);
        }

        Assert.Equal(1, damaged);
    }

    [Fact]
    public void A_device_that_stops_is_an_error()
    {
        using var vivid = new Vivid();
        using var capture = VideoCapture.Open(vivid.Options());
        capture.Start();
        capture.Return(Vivid.Next(capture));
        vivid.Press(Vivid.VIVID_CID_QUEUE_ERROR);
        var failure = Assert.Throws<KernelException>(() => TakeFrames(capture));
        Assert.Equal("EIO", failure.ErrnoName);
    }

    [Fact]
    public void A_device_that_does_not_start_leaves_nothing_open()
    {
        using var vivid = new Vivid();
        OpenDescriptors.StayTheSame(() =>
        {
            using var capture = VideoCapture.Open(vivid.Options());
            vivid.Press(Vivid.VIVID_CID_START_STR_ERROR);
            Assert.Equal("VIDIOC_STREAMON", Assert.Throws<KernelException>(capture.Start).Call);
        });
    }

    [Fact]
    public void A_device_in_use_is_busy_until_its_user_ends()
    {
        using var vivid = new Vivid();
        using (VideoCapture.Open(vivid.Options()))
        {
            OpenDescriptors.StayTheSame(() =>
            {
                var failure = Assert.Throws<KernelException>(() => VideoCapture.Open(vivid.Options()));
                Assert.Equal("VIDIOC_S_FMT,EBUSY", failure.ErrorId);
                Assert.Contains($"fuser -v {vivid.Path}", failure.RecommendedAction, StringComparison.Ordinal);
            });
            Assert.True(VideoDevice.Get(vivid.Path).IsBusy);
        }

        Assert.False(VideoDevice.Get(vivid.Path).IsBusy);
        VideoCapture.Open(vivid.Options()).Dispose();
    }

    [Fact]
    public void A_format_that_the_device_lacks_is_refused_with_a_list_of_those_it_has()
    {
        using var vivid = new Vivid();
        OpenDescriptors.StayTheSame(() =>
        {
            var failure = Assert.Throws<VideoException>(() => VideoCapture.Open(vivid.Options("ABCD")));
            Assert.Equal("Video,FormatRefused", failure.ErrorId);
            Assert.Contains("YUYV, UYVY", failure.RecommendedAction, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void A_device_that_captures_no_video_is_no_camera()
    {
        Requires.Vivid();
        var output = VideoDevice.List().First(device => device.Kind == VideoDeviceKind.Output);
        var failure = Assert.Throws<VideoException>(
            () => VideoCapture.Open(new CaptureOptions { Device = output.Device }));
        Assert.Equal("Video,NotACamera", failure.ErrorId);
    }

    [Theory]
    [InlineData("/dev/video4095", "open,ENOENT")]
    [InlineData("/dev/null", "VIDIOC_QUERYCAP,ENOTTY")]
    [InlineData("/dev/vid\0eo", "open,ENOENT")]
    public void What_is_no_video_device_is_an_error(string path, string id)
    {
        var failure = Assert.Throws<KernelException>(() => VideoCapture.Open(new CaptureOptions { Device = path }));
        Assert.Equal(id, failure.ErrorId);
        Assert.Equal(id, Assert.Throws<KernelException>(() => VideoDevice.Get(path)).ErrorId);
    }

    [Fact]
    public void Options_that_no_device_could_meet_are_refused()
    {
        var options = new CaptureOptions { Device = "/dev/null" };
        Assert.Throws<ArgumentOutOfRangeException>(() => VideoCapture.Open(options with { BufferCount = 1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => VideoCapture.Open(options with { Width = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => VideoCapture.Open(options with { FrameRate = 0 }));
        Assert.Throws<ArgumentException>(() => VideoCapture.Open(options with { Memory = CaptureMemory.UserPtr }));
    }

    /// <summary>Takes frames until there is a failure.</summary>
    private static void TakeFrames(VideoCapture capture)
    {
        for (var i = 0; i < 100; i++)
            capture.Return(Vivid.Next(capture));
    }
}
