namespace DmaBuf.Frames;

/// <summary>Which values of a byte black and white have.</summary>
public enum ColorRange
{
    /// <summary>Luma 16 to 235, chroma 16 to 240: what cameras give.</summary>
    Limited,

    /// <summary>0 to 255.</summary>
    Full,
}
