namespace DmaBuf.Frames;

/// <summary>Whether a sink still uses a frame.</summary>
public enum FrameUse
{
    /// <summary>It does not: the buffer may be filled again.</summary>
    Done,

    /// <summary>It does, and releases the frame itself.</summary>
    Kept,
}
