using DmaBuf.Errors;
using DmaBuf.Transport;
using DmaBuf.Waits;

namespace DmaBuf.Frames;

/// <summary>The way in which a stream's buffers reach the receiver, once, before the frames.</summary>
public abstract class BufferCarrier : IDisposable
{
    private protected BufferCarrier()
    {
    }

    /// <summary>How the frames reach the receiver.</summary>
    public abstract FrameTransfer Transfer { get; }

    /// <summary>Ends the sharing.</summary>
    public abstract void Dispose();

    /// <summary>The source, if its frames have one plane in memory.</summary>
    /// <exception cref="VideoException">ManyPlanes.</exception>
    internal static FrameSource Checked(FrameSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        CheckPlanes(source);
        return source;
    }

    /// <summary>Refuses frames of several planes in memory.</summary>
    /// <exception cref="VideoException">ManyPlanes.</exception>
    internal static void CheckPlanes(FrameSource source)
    {
        if (source.Frames.Any(frame => frame.Planes.Count > 1))
            throw NotShared(source, "has its planes in buffers of their own");
    }

    /// <summary>The refusal of frames that are not at the start of one buffer.</summary>
    internal static VideoException NotShared(FrameSource source, string reason) => new(VideoFault.ManyPlanes,
        $"{source.Name} {reason}, and the protocol shares frames that begin with their buffer.",
        "Use a pixel format of one plane in memory, or send the frames without sharing the buffers.");

    /// <summary>The number that a buffer has on the wire.</summary>
    internal static ulong HandleOf(Frame frame) => (ulong)frame.Index + 1;

    /// <summary>Sends a frame's buffer.</summary>
    /// <exception cref="DmaBufException">The buffer cannot be shared, or the receiver is gone.</exception>
    internal abstract void Send(ByteStream stream, Frame frame, WaitLimit limit);
}
