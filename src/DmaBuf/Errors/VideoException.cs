namespace DmaBuf.Errors;

/// <summary>Why a source of frames or a frame cannot be used as asked.</summary>
public enum VideoFault
{
    /// <summary>It does not capture video, or has no streaming interface.</summary>
    NotACamera,

    /// <summary>It does not have the pixel format.</summary>
    FormatRefused,

    /// <summary>It does not take the kind of memory.</summary>
    MemoryRefused,

    /// <summary>Its driver gave fewer buffers than a stream needs.</summary>
    TooFewBuffers,

    /// <summary>Its frames have several planes in memory, and buffers of one plane can be shared.</summary>
    ManyPlanes,

    /// <summary>The file with frames is of another format, or is cut off.</summary>
    BadFile,

    /// <summary>The frame is gone: its receiver has gone on.</summary>
    Expired,
}

/// <summary>A source of frames, or a frame, that cannot be used as asked.</summary>
public sealed class VideoException : DmaBufException
{
    internal VideoException(VideoFault fault, string message, string action)
        : base($"Video,{fault}", message, action) => Fault = fault;

    /// <summary>Why.</summary>
    public VideoFault Fault { get; }
}
