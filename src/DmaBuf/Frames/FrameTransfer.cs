namespace DmaBuf.Frames;

/// <summary>How the frames of a stream reach the receiver.</summary>
public enum FrameTransfer
{
    /// <summary>Each frame's bytes go over the stream.</summary>
    Copy,

    /// <summary>The buffers' descriptors are passed once; the frames stay in them.</summary>
    Descriptors,

    /// <summary>The buffers' pages are granted once; the frames stay in them.</summary>
    Grants,

    /// <summary>The buffers' pages in a KVM guest are named to the host once; the frames stay in them.</summary>
    GuestPages,
}
