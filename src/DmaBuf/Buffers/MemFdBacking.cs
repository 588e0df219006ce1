using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Buffers;

/// <summary>A memfd, which is mapped only where it is sealed against shrinking.</summary>
internal sealed class MemFdBacking : Backing
{
    private readonly Lock _naming = new();
    private bool _isNamed;

    public MemFdBacking(FileDescriptor descriptor, BufferOrigin origin, FileSize file)
        : base(descriptor, origin, file.Size)
    {
        Inode = file.Inode;
        Exporter = "memfd";
    }

    public override string Kind => "memfd";

    public override string Place => $"inode {Inode}";

    public override ulong Inode { get; }

    public override IReadOnlyList<MemFdRange> MemFds => [new(Descriptor, 0, Size)];

    /// <summary>Reads the name that the memfd was created with, unless it was named here.</summary>
    public override void Refresh()
    {
        lock (_naming)
        {
            if (!_isNamed)
                Name = Mman.NameOf(Descriptor) is { Length: > 0 } name && name != MemFdAllocator.NoName ? name : null;
            _isNamed = true;
        }
    }

    public override void SetName(string? name, object buffer)
    {
        lock (_naming)
        {
            Name = name;
            _isNamed = true;
        }
    }

    /// <summary>Refuses a descriptor that is not a memfd, or whose pages another process could remove.</summary>
    /// <exception cref="BufferException">NotABuffer, NotSealed.</exception>
    public static void CheckTrustworthy(FileDescriptor fd, long fileSystem)
    {
        CheckSealed(fd);
        if (fileSystem == Stat.HUGETLBFS_MAGIC)
        {
            throw new BufferException(BufferFault.NotSealed,
                $"Descriptor {fd.Number} is a memfd of huge pages. Its sender can still remove them, and reading would "
                + "then end this process.",
                "Make a dma-buf of it, or use ordinary pages.");
        }
    }

    public override Mapping Map(object buffer)
    {
        CheckSealed(Descriptor);
        return Mapping.Create(Descriptor, 0, Size, buffer, Mapping.NoMmapAction);
    }

    private static void CheckSealed(FileDescriptor fd)
    {
        var seals = Fcntl.GetSeals(fd);
        if (seals < 0)
        {
            throw new BufferException(
                BufferFault.NotABuffer,
                $"Descriptor {fd.Number} is neither a dma-buf nor a memfd.",
                "Send the descriptor that UDMABUF_CREATE, a dma-heap or a driver's export returned.");
        }

        if ((seals & Fcntl.F_SEAL_SHRINK) == 0)
        {
            throw new BufferException(BufferFault.NotSealed,
                $"Descriptor {fd.Number} is a memfd that may still shrink, and reading past its new end would end this "
                + "process.",
                "Seal it with F_SEAL_SHRINK, or make a dma-buf of it.");
        }
    }
}
