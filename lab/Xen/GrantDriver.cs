namespace DmaBuf.Lab;

/// <summary>Which grant device driver (xen-gntdev) a machine loads.</summary>
public enum GrantDriver
{
    /// <summary>The distribution's own module; Debian's does not support dma-bufs.</summary>
    Distribution,

    /// <summary>
    /// The same with its dma-buf part: it makes references of a buffer and, on Arm64 but not on x86, the reverse.
    /// </summary>
    Stock,

    /// <summary>
    /// <see cref="Stock"/>, changed so that a PVH domain on x86 can make a buffer of references, and any can map it.
    /// </summary>
    Mmap,
}
