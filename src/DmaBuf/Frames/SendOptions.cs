namespace DmaBuf.Frames;

/// <summary>How frames are sent.</summary>
public sealed record SendOptions
{
    /// <summary>How many frames to send; by default all that come.</summary>
    public long FrameCount { get; init; } = long.MaxValue;

    /// <summary>
    /// How long the receiver may use a frame before its buffer may be filled again without its ack, if there is no
    /// other; null for as long as it takes. Without effect where frames are copied.
    /// </summary>
    public TimeSpan? AckTimeout { get; init; } = TimeSpan.FromMilliseconds(200);
}
