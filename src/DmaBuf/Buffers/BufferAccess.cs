namespace DmaBuf.Buffers;

/// <summary>What a view is opened for; DMA_BUF_IOCTL_SYNC takes the same.</summary>
public enum BufferAccess
{
    /// <summary>Reading (DMA_BUF_SYNC_READ).</summary>
    Read,

    /// <summary>Reading and writing (DMA_BUF_SYNC_RW).</summary>
    ReadWrite,
}
