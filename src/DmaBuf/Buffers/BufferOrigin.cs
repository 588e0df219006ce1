namespace DmaBuf.Buffers;

/// <summary>Where a buffer's memory came from.</summary>
public enum BufferOrigin
{
    /// <summary>Made by /dev/udmabuf from the pages of memfds.</summary>
    Udmabuf,

    /// <summary>Allocated from a heap under /dev/dma_heap.</summary>
    DmaHeap,

    /// <summary>
    /// A plain memfd: shareable memory, but not a dma-buf, so devices and the grant driver refuse it.
    /// </summary>
    MemFd,

    /// <summary>A descriptor that another process sent.</summary>
    Received,

    /// <summary>A dma-buf that the grant device made from another domain's references.</summary>
    GrantImport,

    /// <summary>A mapping of another domain's pages by the grant device; not a dma-buf.</summary>
    GrantMapping,

    /// <summary>
    /// Pages that the grant allocator shared with another domain when it allocated them; not a dma-buf.
    /// </summary>
    GrantAlloc,

    /// <summary>A dma-buf of this host, made by /dev/udmabuf from the pages of a KVM guest.</summary>
    GuestImport,

    /// <summary>A buffer that a video device's driver allocated for capture.</summary>
    Capture,
}
