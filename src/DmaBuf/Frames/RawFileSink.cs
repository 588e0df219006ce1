using DmaBuf.Errors;
using DmaBuf.Waits;

namespace DmaBuf.Frames;

/// <summary>Writes frames to a file or pipe as they come, one after another, whatever their format.</summary>
public sealed class RawFileSink : IFrameSink
{
    private readonly OutputFile _file;

    /// <param name="path">The file, which is created or emptied. A pipe's reader is waited for.</param>
    /// <param name="limit">Ends the waits for a pipe; the caller disposes it after the sink.</param>
    /// <exception cref="KernelException">open: ENOENT, EACCES, EISDIR and others.</exception>
    public RawFileSink(string path, WaitLimit limit) => _file = new OutputFile(path, limit);

    /// <inheritdoc/>
    public bool IsClosed => false;

    /// <inheritdoc/>
    public void Start(StreamFormat format)
    {
    }

    /// <inheritdoc/>
    /// <exception cref="KernelException">write: ENOSPC, EPIPE and others of the file system.</exception>
    public FrameUse Take(Frame frame, Action<Frame> release)
    {
        ArgumentNullException.ThrowIfNull(frame);
        for (var plane = 0; plane < frame.Planes.Count; plane++)
            _file.Write(frame.Planes[plane], frame.PlaneBytes(plane));
        return FrameUse.Done;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
