using System.Globalization;
using System.Text;
using DmaBuf.Errors;
using DmaBuf.Waits;

namespace DmaBuf.Frames;

/// <summary>
/// Writes frames to a YUV4MPEG2 file, which players and encoders read: luma, Cb and Cr as planes without padding.
/// </summary>
public sealed class Y4mSink : IFrameSink
{
    private static readonly byte[] s_frameHeader = Encoding.ASCII.GetBytes("FRAME\n");

    private readonly OutputFile _file;
    private readonly PictureOptions _options;
    private readonly string _rate;
    private PictureConverter? _converter;
    private byte[] _frame = [];

    /// <param name="path">The file, which is created or emptied. A pipe's reader is waited for.</param>
    /// <param name="frameRate">The frames in a second that the file tells its readers.</param>
    /// <param name="options">How to read the frames' pictures.</param>
    /// <param name="limit">Ends the waits for a pipe; the caller disposes it after the sink.</param>
    /// <exception cref="KernelException">open: ENOENT, EACCES, EISDIR and others.</exception>
    public Y4mSink(string path, double frameRate, PictureOptions options, WaitLimit limit)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _rate = Ratio(frameRate);
        _file = new OutputFile(path, limit);
    }

    /// <inheritdoc/>
    public bool IsClosed => false;

    /// <inheritdoc/>
    /// <exception cref="PictureException">UnknownFormat: a format that is not YUV or grey.</exception>
    /// <exception cref="KernelException">write: ENOSPC, EPIPE and others of the file system.</exception>
    public void Start(StreamFormat format)
    {
        var picture = PictureFormat.Create(format, _options);
        var pixels = PixelFormats.Get(format.PixelFormat);
        var space = pixels.Packing switch
        {
            PixelPacking.Grey => "mono",
            PixelPacking.Packed422 or PixelPacking.Planar422 => "422",
            PixelPacking.SemiPlanar420 or PixelPacking.Planar420 => "420jpeg",
            _ => throw new PictureException(
                PictureFault.UnknownFormat,
                $"A YUV4MPEG2 file cannot hold frames in {format.PixelFormat}.",
                "Use a YUV format, or write the frames as they are."),
        };
        _converter = new PictureConverter(picture);
        _frame = new byte[s_frameHeader.Length + YuvPlanes.Bytes(pixels, format.Width, format.Height)];
        s_frameHeader.CopyTo(_frame, 0);
        var range = picture.Range == ColorRange.Full ? "FULL" : "LIMITED";
        _file.Write(Encoding.ASCII.GetBytes(
            FormattableString.Invariant($"YUV4MPEG2 W{format.Width} H{format.Height} F{_rate} Ip A1:1 C{space} ")
            + $"XCOLORRANGE={range}\n"));
    }

    /// <summary>Writes a frame; one that is too short for its picture is left out.</summary>
    /// <inheritdoc/>
    /// <exception cref="KernelException">write: ENOSPC, EPIPE and others of the file system.</exception>
    public FrameUse Take(Frame frame, Action<Frame> release)
    {
        ArgumentNullException.ThrowIfNull(frame);
        if (_converter!.TryToPlanes(frame, _frame.AsSpan(s_frameHeader.Length)))
            _file.Write(_frame);
        return FrameUse.Done;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>A rate as a fraction, such as 30:1, and 30000:1001 for 29.97.</summary>
    internal static string Ratio(double rate)
    {
        const int Thousand = 1000;
        var ntsc = Math.Round(rate * 1.001);
        if (Math.Abs(rate - Math.Round(rate)) > 1e-9 && Math.Abs((ntsc / 1.001) - rate) < 0.005)
            return string.Create(CultureInfo.InvariantCulture, $"{ntsc * Thousand}:1001");
        var (numerator, denominator) = ((long)Math.Round(rate * Thousand), (long)Thousand);
        var divisor = (long)System.Numerics.BigInteger.GreatestCommonDivisor(numerator, denominator);
        return string.Create(CultureInfo.InvariantCulture, $"{numerator / divisor}:{denominator / divisor}");
    }
}
