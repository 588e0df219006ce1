using DmaBuf.Errors;

namespace DmaBuf.Frames;

/// <summary>Shows frames in a window. Closed once the user closes it, or presses Esc or q in it.</summary>
public sealed class WindowSink : IFrameSink
{
    private readonly string _title;
    private readonly PictureOptions _options;
    private PictureConverter? _converter;
    private PictureWindow? _window;

    /// <param name="title">The window's title.</param>
    /// <param name="options">How to read the frames' pictures.</param>
    public WindowSink(string title, PictureOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_title, _options) = (title, options);
    }

    /// <inheritdoc/>
    public bool IsClosed => _window?.IsClosed ?? false;

    /// <inheritdoc/>
    /// <exception cref="PictureException">The frames have no picture that can be converted.</exception>
    /// <exception cref="DisplayException">NoLibrary, NoDisplay, NoWindow.</exception>
    public void Start(StreamFormat format)
    {
        _converter = new PictureConverter(PictureFormat.Create(format, _options));
        _window = new PictureWindow(_title, format.Width, format.Height);
    }

    /// <summary>Shows a frame; one that is too short for its picture is left out.</summary>
    /// <inheritdoc/>
    public FrameUse Take(Frame frame, Action<Frame> release)
    {
        ArgumentNullException.ThrowIfNull(frame);
        if (!IsClosed && _converter!.TryToXrgb(frame, _window!.Next))
            _window.Present();
        return FrameUse.Done;
    }

    /// <inheritdoc/>
    public void Dispose() => _window?.Dispose();
}
