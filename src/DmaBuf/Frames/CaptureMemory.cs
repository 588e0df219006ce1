namespace DmaBuf.Frames;

/// <summary>Whose memory a video device captures into (enum v4l2_memory; linux/videodev2.h).</summary>
public enum CaptureMemory
{
    /// <summary><see cref="DmaBuf"/> where the device takes it, and otherwise <see cref="Mmap"/>.</summary>
    Auto,

    /// <summary>The caller's dma-bufs (V4L2_MEMORY_DMABUF).</summary>
    DmaBuf,

    /// <summary>The driver's own buffers (V4L2_MEMORY_MMAP).</summary>
    Mmap,

    /// <summary>The caller's buffers, by their addresses in this process (V4L2_MEMORY_USERPTR).</summary>
    UserPtr,
}
