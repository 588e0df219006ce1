using DmaBuf.Errors;
using DmaBuf.Interop;
using DmaBuf.Waits;

namespace DmaBuf.Frames;

/// <summary>
/// A window that shows one picture at a time, scaled to its size. The user closes it, or presses Esc or q. Pictures
/// come from one thread at a time, which never waits for the display: the window shows the newest.
/// </summary>
public sealed class PictureWindow : IDisposable
{
    private readonly string _title;
    private readonly TaskCompletionSource<bool> _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private uint[] _next;
    private uint[] _ready;
    private bool _hasNew;
    private bool _isDisposed;

    // Used by SDL's thread alone.
    private bool _isStale;
    private nint _window;
    private nint _renderer;
    private nint _texture;

    /// <param name="title">The window's title.</param>
    /// <param name="width">The width of the pictures in pixels.</param>
    /// <param name="height">Their height.</param>
    /// <exception cref="PictureException">BadSize.</exception>
    /// <exception cref="DisplayException">NoLibrary, NoDisplay, NoWindow.</exception>
    public PictureWindow(string title, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(title);
        PictureConverter.CheckSize(width, height);
        (_title, Width, Height) = (title, width, height);
        _next = new uint[width * height];
        _ready = new uint[width * height];
        SdlThread.Add(this);
    }

    /// <summary>The width of the pictures in pixels.</summary>
    public int Width { get; }

    /// <summary>The height of the pictures in pixels.</summary>
    public int Height { get; }

    /// <summary>True once the user has closed the window.</summary>
    public bool IsClosed => _closed.Task.IsCompleted;

    /// <summary>SDL's number of the window.</summary>
    internal uint Id { get; private set; }

    /// <summary>The pixels of the next picture, which <see cref="Present"/> shows.</summary>
    internal Span<uint> Next => _next;

    /// <summary>Shows a picture.</summary>
    /// <exception cref="ArgumentException">It has another size than the window's pictures.</exception>
    public void Show(Picture picture)
    {
        ArgumentNullException.ThrowIfNull(picture);
        if ((picture.Width, picture.Height) != (Width, Height))
            throw new ArgumentException($"The picture is not {Width}x{Height}.", nameof(picture));
        picture.Pixels.CopyTo(_next);
        Present();
    }

    /// <summary>Waits until the user has closed the window.</summary>
    /// <exception cref="WaitTimeoutException">It was still open at the time limit.</exception>
    /// <exception cref="OperationCanceledException">The limit's token was cancelled.</exception>
    public void WaitClosed(WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        limit.ForTask(_closed.Task, "the window to be closed");
    }

    /// <summary>Closes the window. Idempotent.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
        }

        SdlThread.Remove(this);
    }

    /// <summary>Shows the pixels of <see cref="Next"/>. Allocates nothing.</summary>
    internal void Present()
    {
        lock (_lock)
        {
            (_next, _ready) = (_ready, _next);
            _hasNew = true;
        }

        SdlThread.Wake();
    }

    /// <summary>Opens the window. Called by SDL's thread.</summary>
    /// <exception cref="DisplayException">NoWindow.</exception>
    internal void Create()
    {
        try
        {
            var (width, height) = SizeOnDisplay();
            const int Anywhere = Sdl2.SDL_WINDOWPOS_UNDEFINED;
            _window = Checked(
                Sdl2.SDL_CreateWindow(_title, Anywhere, Anywhere, width, height, Sdl2.SDL_WINDOW_RESIZABLE));
            Id = Sdl2.SDL_GetWindowID(_window);
            _renderer = Sdl2.SDL_CreateRenderer(_window, -1, 0);
            if (_renderer == 0)
                _renderer = Checked(Sdl2.SDL_CreateRenderer(_window, -1, Sdl2.SDL_RENDERER_SOFTWARE));
            _ = Sdl2.SDL_RenderSetLogicalSize(_renderer, Width, Height);
            _texture = Checked(Sdl2.SDL_CreateTexture(
                _renderer, Sdl2.SDL_PIXELFORMAT_ARGB8888, Sdl2.SDL_TEXTUREACCESS_STREAMING, Width, Height));
        }
        catch
        {
            Destroy();
            throw;
        }
    }

    /// <summary>Draws the newest picture if it is not on display yet. Called by SDL's thread.</summary>
    internal unsafe void Draw()
    {
        if (_texture == 0)
            return;
        lock (_lock)
        {
            if (_hasNew)
                _ = Sdl2.SDL_UpdateTexture(_texture, null, _ready, sizeof(uint) * Width);
            else if (!_isStale)
                return;
            _hasNew = false;
        }

        _isStale = false;
        _ = Sdl2.SDL_RenderClear(_renderer);
        _ = Sdl2.SDL_RenderCopy(_renderer, _texture, null, null);
        Sdl2.SDL_RenderPresent(_renderer);
    }

    /// <summary>
    /// Has the picture drawn again, after the window was resized or uncovered. Called by SDL's thread.
    /// </summary>
    internal void Invalidate() => _isStale = true;

    /// <summary>Closes the window. Idempotent. Called by SDL's thread.</summary>
    internal void Destroy()
    {
        // The renderer frees its texture.
        if (_renderer != 0)
            Sdl2.SDL_DestroyRenderer(_renderer);
        if (_window != 0)
            Sdl2.SDL_DestroyWindow(_window);
        (_window, _renderer, _texture) = (0, 0, 0);
        _closed.TrySetResult(true);
    }

    /// <summary>The size of the picture, halved until it fits on the display.</summary>
    private (int Width, int Height) SizeOnDisplay()
    {
        var (width, height) = (Width, Height);
        if (Sdl2.SDL_GetDisplayUsableBounds(0, out var bounds) < 0)
            return (width, height);
        while ((width > bounds.w || height > bounds.h) && width > 1 && height > 1)
            (width, height) = (width / 2, height / 2);
        return (width, height);
    }

    private nint Checked(nint made) => made != 0 ? made : throw new DisplayException(
        DisplayFault.NoWindow,
        $"The display refused a window for {Width}x{Height} pixels: {Sdl2.Error.TrimEnd('.')}.",
        "Use a smaller picture, or another display or driver (SDL_VIDEODRIVER, SDL_RENDER_DRIVER).");
}
