using DmaBuf.Errors;

namespace DmaBuf.Frames;

/// <summary>What frames go to: a file, a window, a terminal, or nothing. For one thread at a time.</summary>
public interface IFrameSink : IDisposable
{
    /// <summary>Prepares for frames of a format. Called once, before the first one.</summary>
    /// <exception cref="DmaBufException">The sink cannot take such frames.</exception>
    void Start(StreamFormat format);

    /// <summary>Takes a frame.</summary>
    /// <returns>
    /// <see cref="FrameUse.Done"/> if the buffer may be filled again, and <see cref="FrameUse.Kept"/> if the sink still
    /// uses it and calls <paramref name="release"/> later, from any thread.
    /// </returns>
    /// <exception cref="DmaBufException">The sink has failed, such as a full disk.</exception>
    FrameUse Take(Frame frame, Action<Frame> release);

    /// <summary>True once the sink wants no more frames, such as a window that was closed.</summary>
    bool IsClosed { get; }
}
