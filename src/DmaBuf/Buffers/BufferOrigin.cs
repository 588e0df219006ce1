namespace DmaBuf;

/// <summary>Where a buffer's memory came from.</summary>
public enum BufferOrigin
{
    /// <summary>Made by /dev/udmabuf from the pages of memfds.</summary>
    Udmabuf,

    /// <summary>Allocated from a heap under /dev/dma_heap.</summary>
    DmaHeap,

    /// <summary>A plain memfd: shareable memory, but no dma-buf, so devices and the grant driver refuse it.</summary>
    MemFd,

    /// <summary>A descriptor that another process sent.</summary>
    Received,
}
