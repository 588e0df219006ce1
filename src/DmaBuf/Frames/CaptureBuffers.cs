using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Frames;

/// <summary>
/// The buffers of one stream, in memory of one kind: requested from the driver, and taken and queued by index.
/// </summary>
internal sealed unsafe class CaptureBuffers : IDisposable
{
    private readonly CaptureDevice _device;
    private readonly CaptureFormat _format;
    private readonly uint _memory;
    private readonly List<Frame> _frames = [];
    private readonly List<HeldView> _views = [];

    private CaptureBuffers(CaptureDevice device, CaptureFormat format, CaptureMemory memory)
    {
        _device = device;
        _format = format;
        Memory = memory;
        _memory = memory switch
        {
            CaptureMemory.Mmap => Videodev2.V4L2_MEMORY_MMAP,
            CaptureMemory.UserPtr => Videodev2.V4L2_MEMORY_USERPTR,
            _ => Videodev2.V4L2_MEMORY_DMABUF,
        };
    }

    /// <summary>The kind of memory, never <see cref="CaptureMemory.Auto"/>.</summary>
    public CaptureMemory Memory { get; }

    /// <summary>The frames, by index.</summary>
    public IReadOnlyList<Frame> Frames => _frames;

    /// <summary>The bytes of a frame's planes before their data begins (v4l2_plane.data_offset), in all.</summary>
    public int HeaderBytes { get; private set; }

    /// <summary>Requests the buffers and queues all of them.</summary>
    /// <exception cref="KernelException">VIDIOC_REQBUFS, VIDIOC_QUERYBUF, VIDIOC_QBUF.</exception>
    /// <exception cref="VideoException">MemoryRefused, TooFewBuffers.</exception>
    /// <exception cref="DmaBufException">What <paramref name="allocate"/> throws.</exception>
    public static CaptureBuffers Create(
        CaptureDevice device, CaptureFormat format, CaptureMemory memory, int count, Func<long, DmaBuffer>? allocate)
    {
        var buffers = new CaptureBuffers(device, format, memory);
        try
        {
            count = buffers.Request(count);
            for (var i = 0; i < count; i++)
                buffers._frames.Add(buffers.NewFrame(i, allocate));
            foreach (var frame in buffers._frames)
                buffers.Queue(frame, isFirst: true);
            buffers.ReadHeaderBytes();
            return buffers;
        }
        catch
        {
            buffers.Dispose();
            throw;
        }
    }

    /// <summary>Lets the device fill a frame's buffer.</summary>
    /// <exception cref="KernelException">VIDIOC_QBUF.</exception>
    /// <exception cref="VideoException">MemoryRefused, where the buffer is queued for the first time.</exception>
    public void Queue(Frame frame, bool isFirst = false)
    {
        var planes = stackalloc Videodev2.v4l2_plane[Videodev2.VIDEO_MAX_PLANES];
        var buffer = NewBuffer(frame.Index, planes);
        for (var i = 0; i < frame.Planes.Count; i++)
        {
            // In the single-planar form, length and m of the buffer stand for those of the plane.
            planes[i] = default;
            planes[i].length = LengthOf(frame.Planes[i]);
            if (_memory == Videodev2.V4L2_MEMORY_DMABUF)
                planes[i].m.fd = frame.Planes[i].Fd;
            else if (_memory == Videodev2.V4L2_MEMORY_USERPTR)
                planes[i].m.userptr = _views[(frame.Index * frame.Planes.Count) + i].Address;
        }

        if (!_device.IsMultiPlanar)
        {
            buffer.length = planes[0].length;
            buffer.m.userptr = planes[0].m.userptr;
        }

        if (Videodev2.Queue(_device.Descriptor, ref buffer))
            return;
        throw isFirst && _memory != Videodev2.V4L2_MEMORY_MMAP && IsRefusal(Errno.Last)
            ? Refusal(nameof(Videodev2.VIDIOC_QBUF), Errno.Last)
            : _device.Failure(nameof(Videodev2.VIDIOC_QBUF));
    }

    /// <summary>Takes the next filled buffer and describes what is in it.</summary>
    /// <returns>The frame, or null where none is ready.</returns>
    /// <exception cref="KernelException">VIDIOC_DQBUF: EIO, ENODEV.</exception>
    public Frame? Dequeue(out uint sequence)
    {
        var planes = stackalloc Videodev2.v4l2_plane[Videodev2.VIDEO_MAX_PLANES];
        var buffer = NewBuffer(0, planes);
        if (!Videodev2.Dequeue(_device.Descriptor, ref buffer))
        {
            sequence = 0;
            return Errno.Last == Errno.EAGAIN ? null : throw _device.Failure(nameof(Videodev2.VIDIOC_DQBUF));
        }

        var frame = _frames[(int)buffer.index];
        var bytes = (stackalloc int[Videodev2.VIDEO_MAX_PLANES])[..frame.Planes.Count];
        if (_device.IsMultiPlanar)
        {
            for (var i = 0; i < bytes.Length; i++)
            {
                // bytesused includes what lies before the data.
                bytes[i] = (int)(planes[i].bytesused - Math.Min(planes[i].data_offset, planes[i].bytesused));
                frame.SetPlaneOffset(i, (int)planes[i].data_offset);
            }
        }
        else
        {
            bytes[0] = (int)buffer.bytesused;
        }

        frame.Renew(bytes);
        frame.Flags = buffer.flags;
        frame.IsDamaged = (buffer.flags & Videodev2.V4L2_BUF_FLAG_ERROR) != 0;
        frame.Sequence = sequence = buffer.sequence;
        frame.Timestamp = new TimeSpan((buffer.timestamp.tv_sec * TimeSpan.TicksPerSecond)
            + (buffer.timestamp.tv_usec * TimeSpan.TicksPerMicrosecond));
        return frame;
    }

    /// <summary>
    /// Takes the buffers from the device and frees them. First the device lets go, then the memory goes. Where a
    /// mapping of the driver's buffers is still open, an old kernel frees them only once it and the device are closed.
    /// </summary>
    public void Dispose()
    {
        var request = NewRequest(0);
        _ = Videodev2.RequestBuffers(_device.Descriptor, ref request);
        _views.ForEach(view => view.Dispose());
        _views.Clear();
        foreach (var plane in _frames.SelectMany(frame => frame.Planes))
            plane.Dispose();
        foreach (var frame in _frames)
            frame.Expire();
    }

    private int Request(int count)
    {
        var request = NewRequest(count);
        if (!Videodev2.RequestBuffers(_device.Descriptor, ref request))
        {
            var errno = Errno.Last;
            throw errno is Errno.EINVAL or Errno.ENOTTY
                ? Refusal(nameof(Videodev2.VIDIOC_REQBUFS), errno)
                : _device.Failure(nameof(Videodev2.VIDIOC_REQBUFS), errno: errno);
        }

        return request.count >= CaptureOptions.MinBufferCount
            ? (int)request.count
            : throw new VideoException(VideoFault.TooFewBuffers,
                $"{_device.Path} has room for {Quantity.Of(request.count, "buffer")} only.",
                $"A stream needs {CaptureOptions.MinBufferCount}: use a smaller size.");
    }

    private Frame NewFrame(int index, Func<long, DmaBuffer>? allocate)
    {
        var planes = new List<DmaBuffer>(_format.Planes.Count);
        try
        {
            for (var i = 0; i < _format.Planes.Count; i++)
            {
                planes.Add(allocate is null || _memory == Videodev2.V4L2_MEMORY_MMAP
                    ? DriverBuffer(index, i)
                    : allocate(FrameMemory.RoundUp(_format.Planes[i].SizeImage)));
                if (_memory == Videodev2.V4L2_MEMORY_USERPTR)
                    _views.Add(planes[i].HoldView());
            }

            return new Frame(index, planes);
        }
        catch
        {
            planes.ForEach(plane => plane.Dispose());
            throw;
        }
    }

    /// <summary>A plane of a buffer that the driver allocated: a dma-buf, or a mapping where it exports none.</summary>
    private DmaBuffer DriverBuffer(int index, int plane)
    {
        if (Videodev2.Export(_device.Descriptor, _device.BufferType, index, plane) is { } exported)
            return DmaBuffer.Adopt(exported, BufferOrigin.Capture);
        if (Errno.Last is Errno.EMFILE or Errno.ENFILE)
            throw _device.Failure(nameof(Videodev2.VIDIOC_EXPBUF));
        var (length, offset, _) = Query(index, plane);
        var descriptor = Fcntl.Duplicate(_device.Descriptor) ?? throw _device.Failure("fcntl");
        return DmaBuffer.On(new CaptureBacking(descriptor, _device.Path, _device.Driver, offset, length));
    }

    private void ReadHeaderBytes()
    {
        // Known once a buffer is queued, and only in the multi-planar form.
        if (_device.IsMultiPlanar)
            HeaderBytes = Enumerable.Range(0, _format.Planes.Count).Sum(plane => (int)Query(0, plane).DataOffset);
    }

    private (long Length, long Offset, uint DataOffset) Query(int index, int plane)
    {
        var planes = stackalloc Videodev2.v4l2_plane[Videodev2.VIDEO_MAX_PLANES];
        var buffer = NewBuffer(index, planes);
        if (!Videodev2.QueryBuffer(_device.Descriptor, ref buffer))
            throw _device.Failure(nameof(Videodev2.VIDIOC_QUERYBUF));
        return _device.IsMultiPlanar
            ? (planes[plane].length, planes[plane].m.mem_offset, planes[plane].data_offset)
            : (buffer.length, buffer.m.offset, 0);
    }

    private Videodev2.v4l2_buffer NewBuffer(int index, Videodev2.v4l2_plane* planes)
    {
        var buffer = new Videodev2.v4l2_buffer
        {
            index = (uint)index,
            type = _device.BufferType,
            memory = _memory,
        };
        if (_device.IsMultiPlanar)
        {
            buffer.m.planes = planes;
            buffer.length = (uint)_format.Planes.Count;
        }

        return buffer;
    }

    private Videodev2.v4l2_requestbuffers NewRequest(int count) =>
        new() { count = (uint)count, type = _device.BufferType, memory = _memory };

    /// <summary>The errors with which drivers refuse a kind of memory, or a buffer in it.</summary>
    private static bool IsRefusal(int errno) =>
        errno is Errno.EINVAL or Errno.EFAULT or Errno.ENOTTY or Errno.EOPNOTSUPP or Errno.EIO or Errno.EPERM
            or Errno.ENOMEM or Errno.ENXIO;

    private VideoException Refusal(string call, int errno) => new(
        VideoFault.MemoryRefused,
        $"{_device.Path} does not capture into memory of the kind {Memory}: {call}, {Errno.Name(errno)}.",
        "Use memory of another kind, such as the driver's own buffers (Mmap).");

    private static uint LengthOf(DmaBuffer plane) => (uint)Math.Min(plane.Size, uint.MaxValue);

}
