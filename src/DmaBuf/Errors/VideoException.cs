namespace DmaBuf.Errors;

/// <summary>Why a video device cannot capture as asked.</summary>
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
}

/// <summary>A video device that cannot capture as asked.</summary>
public sealed class VideoException : DmaBufException
{
    internal VideoException(VideoFault fault, string message, string action)
        : base($"Video,{fault}", message, action) => Fault = fault;

    /// <summary>Why.</summary>
    public VideoFault Fault { get; }
}
