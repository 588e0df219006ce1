namespace DmaBuf.Frames;

/// <summary>What a video device file is for (V4L2_CAP_*; linux/videodev2.h).</summary>
public enum VideoDeviceKind
{
    /// <summary>It captures video.</summary>
    Capture,

    /// <summary>It shows or sends video.</summary>
    Output,

    /// <summary>It converts video, such as a codec or a scaler.</summary>
    MemoryToMemory,

    /// <summary>It captures or takes metadata, such as a camera's statistics.</summary>
    Metadata,

    /// <summary>It is for the data between a television signal's pictures.</summary>
    Vbi,

    /// <summary>It is for something else.</summary>
    Other,

    /// <summary>It could not be opened, so that its kind is unknown.</summary>
    Unknown,
}
