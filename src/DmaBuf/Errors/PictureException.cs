namespace DmaBuf.Errors;

/// <summary>Why the picture in a buffer cannot be read.</summary>
public enum PictureFault
{
    /// <summary>The pixel format is not one of those that can be converted, or not one that a file can hold.</summary>
    UnknownFormat,

    /// <summary>Width or height is zero, negative or too large.</summary>
    BadSize,

    /// <summary>A stride is shorter than a row of pixels, or a plane begins before the buffer.</summary>
    BadLayout,

    /// <summary>The number of planes is not the pixel format's.</summary>
    BadPlanes,

    /// <summary>The pixels do not lie row after row (a modifier other than DRM_FORMAT_MOD_LINEAR).</summary>
    NotLinear,

    /// <summary>The picture reaches past the end of the buffer or of the frame.</summary>
    TooSmall,
}

/// <summary>A picture that cannot be read as it is described.</summary>
public sealed class PictureException : DmaBufException
{
    internal PictureException(PictureFault fault, string message, string action)
        : base($"Picture,{fault}", message, action) => Fault = fault;

    /// <summary>What is wrong.</summary>
    public PictureFault Fault { get; }
}
