using System.Buffers;
using System.Runtime.InteropServices;
using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Guests;

/// <summary>
/// The hold on a buffer's pages while the host may use them: pinned by a udmabuf, they keep their frames. Disposing it
/// ends the hold; what the host has made of the frames stays, and may then show other content of this guest.
/// </summary>
public sealed class GuestPagesExport : IDisposable
{
    private const ulong Present = 1UL << 63;
    private const ulong FrameMask = (1UL << 55) - 1;

    /// <summary>How many pages' entries one call reads.</summary>
    private const int AtOnce = 4096;

    private readonly FileDescriptor _pin;

    private GuestPagesExport(FileDescriptor pin, GuestPages pages)
    {
        _pin = pin;
        Pages = pages;
    }

    /// <summary>The frames.</summary>
    public GuestPages Pages { get; }

    /// <summary>
    /// Pins a buffer's pages and reads which frames they have (/proc/self/pagemap, proc(5)). Errors:
    /// <see cref="GuestException"/> (NotOnMemFds; NoFrames: this process lacks CAP_SYS_ADMIN),
    /// <see cref="BufferException"/> (Removed), <see cref="KernelException"/> (open, UDMABUF_CREATE, mmap, pread).
    /// </summary>
    /// <param name="buffer">A buffer that stands on memfds.</param>
    public static GuestPagesExport Create(DmaBuffer buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        return buffer.Use(descriptor =>
        {
            CheckCanExport(buffer);
            // Whoever else has a memfd can put other pages into it until they are pinned.
            var before = buffer.OwnsMemFds ? null : ReadPages(buffer);
            var pin = buffer.OwnsMemFds ? Duplicate(buffer, descriptor) : Pin(buffer);
            try
            {
                var pages = ReadPages(buffer);
                return before is null || pages.Equals(before) ? new GuestPagesExport(pin, pages) : throw Moved(buffer);
            }
            catch
            {
                pin.Dispose();
                throw;
            }
        });
    }

    /// <summary>Refuses a buffer whose page frames cannot be known.</summary>
    /// <exception cref="GuestException">NotOnMemFds.</exception>
    internal static void CheckCanExport(DmaBuffer buffer)
    {
        if (buffer.MemFds.Count > 0)
            return;
        throw new GuestException(
            GuestFault.NotOnMemFds,
            $"The page frames of {buffer} cannot be known: only memfds show theirs, and it stands on none that this "
            + "process has.",
            "Share a udmabuf that this process made; a device that takes dma-bufs can write into one.");
    }

    /// <summary>Ends the hold. Idempotent.</summary>
    public void Dispose() => _pin.Dispose();

    /// <summary>A udmabuf pins its pages for as long as a descriptor of it is open.</summary>
    private static FileDescriptor Pin(DmaBuffer buffer)
    {
        using var device = UdmabufAllocator.OpenDevice();
        return UdmabufAllocator.Create(device, buffer.MemFds) ?? throw new KernelException(
            nameof(Udmabuf.UDMABUF_CREATE),
            Errno.Last,
            $"{buffer}",
            "udmabuf takes memfds sealed with F_SEAL_SHRINK and not with F_SEAL_WRITE, up to its size_limit_mb.");
    }

    private static FileDescriptor Duplicate(DmaBuffer buffer, FileDescriptor descriptor) =>
        Fcntl.Duplicate(descriptor) ?? throw new KernelException("fcntl", Errno.Last, $"{buffer}");

    private static GuestException Moved(DmaBuffer buffer) => new(
        GuestFault.NoFrames,
        $"The pages of {buffer} changed while they were read: another process takes pages out of its memfd.",
        "Share a buffer that this process made, whose memfd nobody else has.");

    private static GuestPages ReadPages(DmaBuffer buffer)
    {
        using var pagemap = Fcntl.Open("/proc/self/pagemap", Fcntl.O_RDONLY)
            ?? throw new KernelException("open", Errno.Last, "/proc/self/pagemap");
        var ranges = new List<FrameRange>();
        foreach (var part in buffer.MemFds)
            ReadFrames(pagemap, part, buffer, ranges);
        return new GuestPages
        {
            FrameSize = Environment.SystemPageSize,
            Ranges = ranges,
            ShareId = Guid.NewGuid(),
        };
    }

    private static unsafe void ReadFrames(
        FileDescriptor pagemap, MemFdRange part, DmaBuffer buffer, List<FrameRange> ranges)
    {
        // A memfd of huge pages can only be mapped from the start of one.
        var start = part.Offset - (part.Offset % MapUnit(part.MemFd));
        var length = part.Offset + part.Size - start;
        var address = Mman.Map(part.MemFd, start, length, Mman.PROT_READ, populate: true);
        if (address == null)
            throw new KernelException("mmap", Errno.Last, $"{buffer}");
        try
        {
            var first = ((long)address + part.Offset - start) / Environment.SystemPageSize;
            ReadEntries(pagemap, first, part.Size / Environment.SystemPageSize, buffer, ranges);
        }
        finally
        {
            Mman.Unmap(address, length);
        }
    }

    private static unsafe void ReadEntries(
        FileDescriptor pagemap, long first, long count, DmaBuffer buffer, List<FrameRange> ranges)
    {
        // A rented array has been touched before: each new page of memory costs a fault.
        var entries = ArrayPool<ulong>.Shared.Rent((int)Math.Min(AtOnce, count));
        try
        {
            for (var done = 0L; done < count;)
            {
                var some = entries.AsSpan(0, (int)Math.Min(entries.Length, count - done));
                var read = Unistd.ReadAt(
                    pagemap, MemoryMarshal.AsBytes(some), (first + done) * sizeof(ulong));
                if (read < sizeof(ulong))
                    throw new KernelException("pread", read < 0 ? Errno.Last : Errno.EINVAL, "/proc/self/pagemap");
                foreach (var entry in some[..(int)(read / sizeof(ulong))])
                    Add(ranges, FrameOf(entry, buffer));
                done += read / sizeof(ulong);
            }
        }
        finally
        {
            ArrayPool<ulong>.Shared.Return(entries);
        }
    }

    private static ulong FrameOf(ulong entry, DmaBuffer buffer)
    {
        var frame = entry & FrameMask;
        if ((entry & Present) != 0 && frame != 0)
            return frame;
        throw new GuestException(
            GuestFault.NoFrames,
            $"The kernel hides the page frames of {buffer}: /proc/self/pagemap shows them as zero.",
            "That takes CAP_SYS_ADMIN: run as root.");
    }

    private static void Add(List<FrameRange> ranges, ulong frame)
    {
        if (ranges.Count > 0 && ranges[^1] is var last && last.First + last.Count == frame)
            ranges[^1] = last with { Count = last.Count + 1 };
        else
            ranges.Add(new FrameRange(frame, 1));
    }

    private static long MapUnit(FileDescriptor memfd) =>
        Stat.FileSystemType(memfd) == Stat.HUGETLBFS_MAGIC && Stat.OfDescriptor(memfd, out var status)
            ? status.stx_blksize
            : Environment.SystemPageSize;
}
