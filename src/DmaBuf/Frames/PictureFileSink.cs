namespace DmaBuf.Frames;

/// <summary>Writes the first whole frame to a PNG file.</summary>
public sealed class PictureFileSink : IFrameSink
{
    private readonly string _path;
    private readonly PictureOptions _options;
    private readonly CancellationToken _stop;
    private PictureFormat? _format;
    private bool _isWritten;

    /// <param name="path">The file, which is created or overwritten.</param>
    /// <param name="options">What the stream does not tell of its pictures.</param>
    /// <param name="stop">Ends the wait for a pipe's reader.</param>
    public PictureFileSink(string path, PictureOptions options, CancellationToken stop = default) =>
        (_path, _options, _stop) = (path, options, stop);

    /// <inheritdoc/>
    public bool IsClosed => false;

    /// <inheritdoc/>
    /// <exception cref="Errors.PictureException">There is no picture of such frames.</exception>
    public void Start(StreamFormat format) => _format = PictureFormat.Create(format, _options);

    /// <inheritdoc/>
    /// <exception cref="Errors.KernelException">open, write: EACCES, ENOSPC and others of the file system.</exception>
    public FrameUse Take(Frame frame, Action<Frame> release)
    {
        if (!_isWritten && Picture.TryRead(frame, _format!) is { } picture)
        {
            picture.SavePng(_path, _stop);
            _isWritten = true;
        }

        return FrameUse.Done;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
