namespace DmaBuf.Lab;

/// <summary>Which grant device driver (xen-gntdev) a machine loads.</summary>
public enum GrantDriver
{
    /// <summary>The distribution's own module; Debian's does not support dma-bufs.</summary>
    Distribution,

    /// <summary>The same with its dma-buf part: on x86 it makes references of a buffer, but not the reverse.</summary>
    Stock,

    /// <summary><see cref="Stock"/>, changed so that a PVH domain can make a buffer of references and map it.</summary>
    Mmap,
}
