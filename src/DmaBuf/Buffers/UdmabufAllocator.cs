using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Buffers;

/// <summary>dma-bufs made from memfds by /dev/udmabuf (drivers/dma-buf/udmabuf.c).</summary>
public static class UdmabufAllocator
{
    private const string Parameters = "/sys/module/udmabuf/parameters";

    /// <summary>
    /// The largest buffer in MiB (module parameter <c>size_limit_mb</c>), or null where it cannot be read.
    /// </summary>
    public static long? SizeLimitMegabytes => SysFile.ReadNumber($"{Parameters}/size_limit_mb");

    /// <summary>
    /// The largest number of ranges (module parameter <c>list_limit</c>), or null where it cannot be read.
    /// </summary>
    public static long? ListLimit => SysFile.ReadNumber($"{Parameters}/list_limit");

    /// <summary>
    /// Makes a buffer from <paramref name="rangeCount"/> memfds of <paramref name="rangeSize"/> bytes each, one after
    /// another. Errors: <see cref="BufferException"/> (BadSize,
    /// BadName, NotEnoughMemory), <see cref="KernelException"/> (open, UDMABUF_CREATE, UDMABUF_CREATE_LIST with EINVAL,
    /// ENOMEM, EMFILE).
    /// </summary>
    /// <param name="rangeSize">Bytes in each range: a positive multiple of the page size.</param>
    /// <param name="rangeCount">How many ranges, 1 to <see cref="ListLimit"/>.</param>
    /// <param name="options">Name, huge pages and seals; by default ordinary pages sealed with F_SEAL_SHRINK.</param>
    public static DmaBuffer Allocate(long rangeSize, int rangeCount = 1, MemFdOptions? options = null)
    {
        options ??= new MemFdOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(rangeCount, 1);
        PageSizes.CheckSize(rangeSize, options.HugePages);
        DmaBuffer.CheckName(options.Name);

        var total = (Int128)rangeSize * rangeCount;
        if (!options.HugePages && total > Sysinfo.FreeRam && total <= (SizeLimitMegabytes ?? 0) * (Int128)1048576)
            PageSizes.CheckMemory((long)total);

        // The driver would refuse this too, but only after thousands of memfds had used up this process's descriptors.
        using var device = OpenDevice();
        if (rangeCount > 1 && rangeCount > ListLimit)
            throw Refusal(Errno.EINVAL, rangeSize, rangeCount, options.Seals, options);
        var ranges = new List<MemFdRange>(rangeCount);
        try
        {
            for (var i = 0; i < rangeCount; i++)
                ranges.Add(new(MemFdAllocator.Create(rangeSize, options), 0, rangeSize));
            var fd = Create(device, ranges)
                ?? throw Refusal(Errno.Last, rangeSize, rangeCount, options.Seals, options);
            return On(fd, ranges, options.Name, ownsMemFds: true);
        }
        catch
        {
            ranges.ForEach(range => range.MemFd.Dispose());
            throw;
        }
    }

    /// <summary>
    /// Makes a buffer of <paramref name="size"/> bytes in total, divided into equal ranges. Errors: as
    /// <see cref="Allocate"/>; BadSize also where the ranges would not be whole pages.
    /// </summary>
    public static DmaBuffer AllocateSplit(long size, int rangeCount, MemFdOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rangeCount, 1);
        PageSizes.CheckSize(size, options?.HugePages ?? false, rangeCount);
        return Allocate(size / rangeCount, rangeCount, options);
    }

    /// <summary>
    /// Makes a buffer from a part of an existing memfd. The memfd still belongs to its owner and shares its pages with
    /// the buffer. Errors: <see cref="BufferException"/> (BadSize, BadName, BadOffset, NotABuffer where the descriptor
    /// is not a memfd), <see cref="KernelException"/> (fcntl with EBADF where it is not open, EMFILE; open;
    /// UDMABUF_CREATE).
    /// </summary>
    /// <param name="memfd">A descriptor of this process.</param>
    /// <param name="offset">Where the part starts, in bytes: a multiple of the page size.</param>
    /// <param name="size">
    /// Its length in bytes, a positive multiple of the page size; null for everything up to the memfd's end.
    /// </param>
    /// <param name="name">The buffer's name, or null.</param>
    public static DmaBuffer FromMemFd(int memfd, long offset, long? size, string? name = null)
    {
        // A copy of the descriptor, so that nobody can close it or replace it by another during the calls below.
        using var copy = Fcntl.Duplicate(memfd) ?? throw new KernelException(
            "fcntl",
            Errno.Last,
            $"descriptor {memfd}",
            Errno.Last == Errno.EBADF
                ? "There is no such open descriptor in this process: see its /proc/self/fd."
                : null);
        return FromMemFd(copy, $"Descriptor {memfd}", offset, size, name);
    }

    /// <summary>Makes a buffer from a part of a buffer that stands on a memfd, which keeps its pages.</summary>
    /// <inheritdoc cref="FromMemFd(int, long, long?, string?)"/>
    public static DmaBuffer FromBuffer(DmaBuffer memfd, long offset, long? size, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(memfd);
        return memfd.Use(fd => FromMemFd(fd, $"{memfd}", offset, size, name));
    }

    private static DmaBuffer FromMemFd(FileDescriptor memfd, string what, long offset, long? size, string? name)
    {
        DmaBuffer.CheckName(name);
        var seals = Fcntl.GetSeals(memfd);
        if (seals < 0)
        {
            throw new BufferException(BufferFault.NotABuffer, $"{what} is not a memfd.",
                "udmabuf takes memfds only: make one with memfd_create(2) and MFD_ALLOW_SEALING.");
        }

        if (offset < 0 || offset % PageSizes.Base != 0)
        {
            throw new BufferException(BufferFault.BadOffset,
                $"Offset {offset} is not a multiple of the page size, {PageSizes.Base} bytes.",
                "udmabuf takes whole pages: start at a page.");
        }

        var length = size ?? Rest(memfd, what, offset);
        PageSizes.CheckSize(length, hugePages: false);
        using var device = OpenDevice();
        if (Udmabuf.Create(device, memfd.Number, offset, length) is { } fd)
            return OnCopy(fd, new(memfd, offset, length), what, name);
        var errno = Errno.Last;
        var end = FileSize.Of(memfd).Size;
        var action = offset > end - length ? $"The memfd ends at byte {end}: use a smaller offset or size." : null;
        throw Refusal(errno, length, 1, (MemFdSeals)seals, new MemFdOptions(), action);
    }

    private static long Rest(FileDescriptor memfd, string what, long offset)
    {
        if (!Stat.OfDescriptor(memfd, out var status))
            throw new KernelException("statx", Errno.Last, what);
        var size = (long)status.stx_size;
        return offset < size ? size - offset : throw new BufferException(BufferFault.BadOffset,
            $"Offset {offset} is not inside {what}, which ends at byte {size}.", "Use a smaller offset.");
    }

    /// <summary>Makes a dma-buf of parts of memfds, one after another.</summary>
    /// <returns>The dma-buf, or null with the error number in <see cref="Errno.Last"/>.</returns>
    internal static FileDescriptor? Create(FileDescriptor device, IReadOnlyList<MemFdRange> ranges)
    {
        if (ranges.Count == 1)
            return Udmabuf.Create(device, ranges[0].MemFd.Number, ranges[0].Offset, ranges[0].Size);
        var items = new Udmabuf.udmabuf_create_item[ranges.Count];
        for (var i = 0; i < items.Length; i++)
        {
            var (memfd, offset, size) = ranges[i];
            items[i] = new() { memfd = (uint)memfd.Number, offset = (ulong)offset, size = (ulong)size };
        }

        return Udmabuf.CreateList(device, items);
    }

    private static DmaBuffer On(
        FileDescriptor fd, IReadOnlyList<MemFdRange> ranges, string? name, bool ownsMemFds)
    {
        try
        {
            return DmaBuffer.On(new UdmabufBacking(fd, ranges, ownsMemFds), name);
        }
        catch
        {
            fd.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Lets the kernel clear pages that fallocate(2) allocated. It does so when they are first used through the memfd,
    /// and would then erase what was written through the dma-buf before.
    /// </summary>
    private static unsafe void Touch(MemFdRange range)
    {
        var address = Mman.Map(range.MemFd, range.Offset, range.Size, Mman.PROT_READ, populate: true);
        if (address != null)
            Mman.Unmap(address, range.Size);
    }

    /// <summary>Like <see cref="On"/>, for a memfd that belongs to another.</summary>
    private static DmaBuffer OnCopy(FileDescriptor fd, MemFdRange range, string what, string? name)
    {
        FileDescriptor? copy = null;
        try
        {
            Touch(range);
            copy = Fcntl.Duplicate(range.MemFd) ?? throw new KernelException("fcntl", Errno.Last, what);
            return On(fd, [range with { MemFd = copy }], name, ownsMemFds: false);
        }
        catch
        {
            copy?.Dispose();
            fd.Dispose();
            throw;
        }
    }

    internal static FileDescriptor OpenDevice() =>
        Fcntl.Open(Udmabuf.DEVICE, Fcntl.O_RDWR) ?? throw new KernelException("open", Errno.Last, Udmabuf.DEVICE);

    /// <summary>Names the condition of the driver that was not met; its EINVAL stands for any of them.</summary>
    private static KernelException Refusal(
        int errno, long rangeSize, int rangeCount, MemFdSeals seals, MemFdOptions options, string? rangeAction = null)
    {
        var call = rangeCount == 1 ? nameof(Udmabuf.UDMABUF_CREATE) : nameof(Udmabuf.UDMABUF_CREATE_LIST);
        var total = (Int128)rangeSize * rangeCount;
        var action = errno switch
        {
            Errno.EINVAL when !seals.HasFlag(MemFdSeals.Shrink) =>
                "The memfd lacks F_SEAL_SHRINK: seal it with Shrink.",
            Errno.EINVAL when seals.HasFlag(MemFdSeals.Write) =>
                "The memfd is sealed with F_SEAL_WRITE: leave out Write.",
            Errno.EINVAL when rangeCount > ListLimit =>
                $"{rangeCount} ranges are over the driver's list_limit, {ListLimit}: use fewer, or raise "
                + $"{Parameters}/list_limit.",
            Errno.EINVAL when total > (SizeLimitMegabytes ?? long.MaxValue) * (Int128)1048576 =>
                $"That is over the driver's size_limit_mb, {SizeLimitMegabytes}: use a smaller size, or raise "
                + $"{Parameters}/size_limit_mb.",
            Errno.EINVAL => rangeAction ?? "This kernel's udmabuf takes no such pages.",
            Errno.ENOMEM => MemFdAllocator.HugePageAction(rangeSize * rangeCount, options),
            _ => null,
        };
        return new KernelException(call, errno, $"{Udmabuf.DEVICE} for {rangeCount} x {rangeSize} bytes", action);
    }
}
