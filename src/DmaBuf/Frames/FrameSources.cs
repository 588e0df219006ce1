using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Grants;
using DmaBuf.Interop;

namespace DmaBuf.Frames;

/// <summary>Opens sources of frames.</summary>
public static class FrameSources
{
    /// <summary>Opens a source whose frames stay in this process, are copied, or are passed as descriptors.</summary>
    /// <param name="options">The source.</param>
    /// <param name="stop">Ends the wait for what is written into a pipe that frames are read from.</param>
    /// <exception cref="DmaBufException">The device, the file or the memory is not as wanted.</exception>
    public static FrameSource Open(SourceOptions options, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Open(options, options.Memory, AllocatorOf(options), stop);
    }

    /// <summary>
    /// Opens a source whose buffers a domain can map, without a copy where that is possible: in buffers that the grant
    /// device shares, or else in pages of the grant allocator that the device captures into by their address
    /// (V4L2_MEMORY_USERPTR), or else with one copy into such pages.
    /// </summary>
    /// <param name="options">The source.</param>
    /// <param name="own">This domain's id.</param>
    /// <param name="peer">The domain.</param>
    /// <param name="stop">Ends the wait for what is written into a pipe that frames are read from.</param>
    /// <exception cref="DmaBufException">The device, the file or the memory is not as wanted.</exception>
    public static (FrameSource Source, GrantCarrier Carrier) OpenFor(
        SourceOptions options, ushort own, ushort peer, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (TryOpenExported(options, own, peer, stop) is { } exported)
            return exported;
        var source = OpenGranted(options, own, peer, stop);
        try
        {
            return (source, new GrantCarrier(source, own, peer));
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Opens a source whose buffers the host of this KVM guest can map: udmabufs, which a device captures into
    /// (V4L2_MEMORY_DMABUF), or, where its driver does not, with one copy.
    /// </summary>
    /// <inheritdoc cref="OpenFor"/>
    public static (FrameSource Source, GuestCarrier Carrier) OpenForHost(
        SourceOptions options, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var source = OpenOnUdmabufs(options, stop);
        try
        {
            return (source, new GuestCarrier(source));
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    private static FrameSource OpenOnUdmabufs(SourceOptions options, CancellationToken stop)
    {
        if (options.Heap is not null || options.Memory is not (CaptureMemory.Auto or CaptureMemory.DmaBuf))
        {
            throw new VideoException(VideoFault.MemoryRefused,
                "The host of a KVM guest can use only buffers that stand on memfds, and others were asked for.",
                "Leave out the heap and the kind of memory.");
        }

        try
        {
            return Open(options, CaptureMemory.DmaBuf, FrameMemory.AllocateUdmabuf, stop);
        }
        catch (VideoException e) when (
            e.Fault == VideoFault.MemoryRefused && options.Memory == CaptureMemory.Auto && options.Device is not null)
        {
            // Its driver takes no memory of others: the frames are copied.
            return new CopyingSource(
                Open(options, CaptureMemory.Mmap, FrameMemory.Allocate, stop), FrameMemory.AllocateUdmabuf);
        }
    }

    /// <summary>Opens a source on buffers that the grant device shares; null where the kernel cannot do that.</summary>
    private static (FrameSource, GrantCarrier)? TryOpenExported(
        SourceOptions options, ushort own, ushort peer, CancellationToken stop)
    {
        if (options.Memory == CaptureMemory.UserPtr || ExportHazard.Find(own) is not null)
            return null;
        // The driver's own buffers, unless others are wanted: those of a heap may lie where the device does not reach.
        var memory = options.Memory == CaptureMemory.Auto ? CaptureMemory.Mmap : options.Memory;
        var source = Open(options, memory, AllocatorOf(options), stop);
        try
        {
            if (source.Frames[0].Buffer.IsDmaBuf)
                return (source, new GrantCarrier(source, own, peer));
        }
        catch (KernelException e) when (CannotGrant(e))
        {
        }
        catch
        {
            source.Dispose();
            throw;
        }

        source.Dispose();
        return null;
    }

    private static FrameSource OpenGranted(SourceOptions options, ushort own, ushort peer, CancellationToken stop)
    {
        if (options.Memory == CaptureMemory.DmaBuf || options.Heap is not null)
        {
            throw new VideoException(VideoFault.MemoryRefused,
                "The grant device of this kernel cannot share dma-bufs with another domain, which was asked for.",
                "Leave out the heap and the kind of memory: pages of the grant allocator do without.");
        }

        if (options.Device is null)
            return Open(options, default, Allocate, stop);
        try
        {
            if (options.Memory is CaptureMemory.Auto or CaptureMemory.UserPtr)
                return Open(options, CaptureMemory.UserPtr, Allocate, stop);
        }
        catch (VideoException e) when (
            e.Fault == VideoFault.MemoryRefused && options.Memory == CaptureMemory.Auto)
        {
            // Its driver takes no memory of others: the frames are copied.
        }

        return new CopyingSource(Open(options, CaptureMemory.Mmap, FrameMemory.Allocate, stop), Allocate);

        DmaBuffer Allocate(long size)
        {
            GrantCarrier.CheckFits(size, options.Device ?? options.File ?? "the test pattern");
            return GrantAllocator.Allocate(FrameMemory.RoundUp(size), own, peer);
        }
    }

    private static bool CannotGrant(KernelException e) =>
        e is { Call: nameof(Gntdev.IOCTL_GNTDEV_DMABUF_IMP_TO_REFS), Errno: Errno.ENOTTY };

    private static Func<long, DmaBuffer> AllocatorOf(SourceOptions options) => options switch
    {
        { Heap: { } heap } => size => FrameMemory.AllocateFrom(heap, size),
        // A driver cannot look up the pages behind the mapping of a dma-buf (EFAULT).
        { Memory: CaptureMemory.UserPtr } => size => MemFdAllocator.Allocate(FrameMemory.RoundUp(size)),
        _ => FrameMemory.Allocate,
    };

    private static FrameSource Open(
        SourceOptions options, CaptureMemory memory, Func<long, DmaBuffer> allocate, CancellationToken stop)
    {
        if (options.Device is { } device)
        {
            return VideoCapture.Open(new CaptureOptions
            {
                Device = device,
                Width = options.Width,
                Height = options.Height,
                PixelFormat = options.PixelFormat,
                FrameRate = options.FrameRate is 0 ? null : options.FrameRate,
                BufferCount = options.BufferCount,
                Memory = memory,
                Input = options.Input,
                Allocate = allocate,
            });
        }

        if (options.File is not null)
            return FileSource.Open(options, allocate, stop);
        return new TestPatternSource(
            options.Width ?? SourceOptions.DefaultWidth,
            options.Height ?? SourceOptions.DefaultHeight,
            options.PixelFormat ?? SourceOptions.DefaultFormat,
            options.FrameRate ?? TimedSource.DefaultRate,
            options.BufferCount,
            allocate);
    }
}
