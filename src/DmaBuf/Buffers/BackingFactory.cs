using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Buffers;

/// <summary>Finds out what kind of memory a descriptor is for.</summary>
internal static class BackingFactory
{
    /// <summary>
    /// Makes the backing of a descriptor and takes ownership of the descriptor, which is closed on failure.
    /// </summary>
    /// <param name="fd">The descriptor.</param>
    /// <param name="origin">Where it came from.</param>
    /// <param name="trusted">Whether this process made it, so that nobody else can take its pages away.</param>
    /// <exception cref="BufferException">NotABuffer, NotSealed.</exception>
    /// <exception cref="KernelException">lseek, statx.</exception>
    public static Backing Of(FileDescriptor fd, BufferOrigin origin, bool trusted)
    {
        try
        {
            var fileSystem = Stat.FileSystemType(fd);
            var isDmaBuf = fileSystem == DmaBufUapi.DMA_BUF_MAGIC;
            if (!isDmaBuf && !trusted)
                MemFdBacking.CheckTrustworthy(fd, fileSystem);
            var file = FileSize.Of(fd);
            return isDmaBuf ? new DmaBufBacking(fd, origin, file) : new MemFdBacking(fd, origin, file);
        }
        catch
        {
            fd.Dispose();
            throw;
        }
    }
}
