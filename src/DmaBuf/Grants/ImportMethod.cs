namespace DmaBuf.Grants;

/// <summary>How references become a buffer.</summary>
public enum ImportMethod
{
    /// <summary>A dma-buf where the kernel can make one, otherwise a mapping.</summary>
    Any,

    /// <summary>A dma-buf or nothing.</summary>
    DmaBuf,

    /// <summary>A mapping, even where the kernel could make a dma-buf.</summary>
    Mapping,
}
