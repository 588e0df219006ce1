using System.Globalization;
using System.Text;
using DmaBuf.Errors;

namespace DmaBuf.Frames;

/// <summary>
/// Shows frames in a terminal with colours of 24 bits, each character two pixels, one picture over the other. The
/// cursor is hidden in the meantime.
/// </summary>
public sealed class TerminalSink : IFrameSink
{
    private readonly Stream _output;
    private readonly Func<(int Columns, int Lines)> _size;
    private readonly PictureOptions _options;
    private readonly HalfBlocks _blocks = new();
    private PictureConverter? _converter;
    private uint[] _pixels = [];
    private (int Columns, int Lines) _drawnAt;
    private byte[] _return = [];

    /// <param name="output">The terminal, which the caller closes.</param>
    /// <param name="size">Its size, which may change.</param>
    /// <param name="options">How to read the frames' pictures.</param>
    public TerminalSink(Stream output, Func<(int Columns, int Lines)> size, PictureOptions options)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(size);
        ArgumentNullException.ThrowIfNull(options);
        (_output, _size, _options) = (output, size, options);
    }

    /// <inheritdoc/>
    public bool IsClosed => false;

    /// <inheritdoc/>
    /// <exception cref="PictureException">The frames have no picture that can be converted.</exception>
    public void Start(StreamFormat format)
    {
        _converter = new PictureConverter(PictureFormat.Create(format, _options));
        _pixels = new uint[_converter.PixelCount];
    }

    /// <summary>Shows a frame; one that is too short for its picture is left out.</summary>
    /// <inheritdoc/>
    public FrameUse Take(Frame frame, Action<Frame> release)
    {
        ArgumentNullException.ThrowIfNull(frame);
        if (!_converter!.TryToXrgb(frame, _pixels))
            return FrameUse.Done;
        var (columns, lines) = _size();
        // The last line is for the prompt that comes after the picture.
        var text = _blocks.Draw(_pixels, _converter.Width, Math.Max(1, columns), Math.Max(1, lines - 1));
        if (_drawnAt == (columns, lines))
            _output.Write(_return);
        else
            _output.Write(_drawnAt == default ? "\e[?25l"u8 : "\e[2J\e[H"u8);
        _output.Write(text);
        _output.Flush();
        if (_drawnAt != (columns, lines))
        {
            _drawnAt = (columns, lines);
            var up = _blocks.Lines - 1;
            _return = Encoding.ASCII.GetBytes(
                up == 0 ? "\r" : string.Create(CultureInfo.InvariantCulture, $"\r\e[{up}A"));
        }

        return FrameUse.Done;
    }

    /// <summary>Shows the cursor again, below the picture.</summary>
    public void Dispose()
    {
        if (_drawnAt == default)
            return;
        _drawnAt = default;
        _output.Write("\e[0m\r\n\e[?25h"u8);
        _output.Flush();
    }
}
