using DmaBuf.Errors;
using DmaBuf.Interop;

namespace DmaBuf.Frames;

/// <summary>
/// What frames come from: a camera, a file or a test pattern. It fills its buffers in turn; who takes a frame returns
/// its buffer. For one thread at a time.
/// </summary>
public abstract class FrameSource : IDisposable
{
    private protected FrameSource()
    {
    }

    /// <summary>What messages call the source.</summary>
    public abstract string Name { get; }

    /// <summary>What its frames are like. The number of buffers is the one that it really has.</summary>
    public abstract StreamFormat Format { get; }

    /// <summary>Its buffers, by index.</summary>
    public abstract IReadOnlyList<Frame> Frames { get; }

    /// <summary>The frames that were lost before this side could take them.</summary>
    public abstract long Dropped { get; }

    /// <summary>The memory that a camera captures into, such as <c>Mmap</c>; null for other sources.</summary>
    public virtual string? MemoryKind => null;

    /// <summary>The frames that were copied once into memory that a peer can map.</summary>
    public virtual long Copied => 0;

    /// <summary>True once there are no more frames.</summary>
    internal abstract bool HasEnded { get; }

    /// <summary>
    /// What becomes readable when a frame is ready; null where frames come by the clock, at <see cref="NextAt"/>.
    /// </summary>
    internal virtual FileDescriptor? Descriptor => null;

    /// <summary>When the next frame is due, on the clock of <see cref="Environment.TickCount64"/>.</summary>
    internal virtual long NextAt => 0;

    /// <summary>Stops the flow of frames and frees the buffers.</summary>
    public abstract void Dispose();

    /// <summary>Starts the flow of frames.</summary>
    /// <exception cref="DmaBufException">The source does not start.</exception>
    internal abstract void Start();

    /// <summary>
    /// Takes the next frame if it is ready. Its buffer is not filled again until it is returned.
    /// </summary>
    /// <returns>The frame, or null where none is ready.</returns>
    /// <exception cref="DmaBufException">The source has failed, such as a camera that was unplugged.</exception>
    internal abstract Frame? TryNext();

    /// <summary>Lets a frame's buffer be filled again.</summary>
    /// <exception cref="DmaBufException">The source has failed.</exception>
    internal abstract void Return(Frame frame);
}
