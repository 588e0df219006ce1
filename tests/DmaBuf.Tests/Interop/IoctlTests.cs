using DmaBuf.Interop;
using Xunit;

namespace DmaBuf.Tests;

/// <summary>Requests of V4L2 stand for those of any driver; the device is vivid's camera.</summary>
public sealed class IoctlTests
{
    private const uint V4L2_BUF_TYPE_VIDEO_CAPTURE = 1;
    private const uint V4L2_MEMORY_MMAP = 1;

    /// <summary>EAGAIN was once repeated for ever.</summary>
    [Fact]
    public unsafe void A_request_that_would_block_reports_EAGAIN_at_once()
    {
        Requires.Vivid();
        using var camera = Fcntl.Open("/dev/video0", Fcntl.O_RDWR | Fcntl.O_NONBLOCK);
        Assert.NotNull(camera);
        // Two buffers, none of which is in the queue.
        var request = stackalloc uint[5] { 2, V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_MEMORY_MMAP, 0, 0 };
        Assert.Equal(0, Ioctl.Call(camera, Ioctl.IOC(3, 'V', 8, 20), $"VIDIOC_REQBUFS", request));
        var type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
        Assert.Equal(0, Ioctl.Call(camera, Ioctl.IOW<int>('V', 18), $"VIDIOC_STREAMON", &type));
        const int BufferSize = 88;
        var buffer = stackalloc byte[BufferSize];
        *(uint*)(buffer + 4) = V4L2_BUF_TYPE_VIDEO_CAPTURE;
        *(uint*)(buffer + 60) = V4L2_MEMORY_MMAP;
        Assert.Equal(-1, Ioctl.Call(camera, Ioctl.IOC(3, 'V', 17, BufferSize), $"VIDIOC_DQBUF", buffer));
        Assert.Equal(Errno.EAGAIN, Errno.Last);
    }
}
