using System.Management.Automation;
using DmaBuf.Buffers;
using DmaBuf.Frames;

namespace DmaBufPS;

/// <summary>What the cmdlets for pictures in buffers have in common: how to read them.</summary>
public abstract class PictureCmdlet : DmaBufCmdlet
{
    private ColorEncoding? _encoding;

    /// <summary>The width in pixels.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateRange(1, PictureConverter.MaxSide)]
    public int? Width { get; set; }

    /// <summary>The height in pixels.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateRange(1, PictureConverter.MaxSide)]
    public int? Height { get; set; }

    /// <summary>The pixel format's four characters, such as YUYV.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(PixelFormatCompleter))]
    public FourCC? PixelFormat { get; set; }

    /// <summary>The bytes from one row of the first plane to the next; without padding by default.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateRange(1, int.MaxValue)]
    public int? Stride { get; set; }

    /// <summary>The picture's first byte.</summary>
    [Parameter]
    [ValidateRange(0, long.MaxValue)]
    public long? Offset { get; set; }

    /// <summary>The equations; BT.601 by default, and BT.709 from 720 rows on.</summary>
    [Parameter]
    public ColorEncoding Encoding
    {
        get => _encoding ?? default;
        set => _encoding = value;
    }

    /// <summary>The range of luma and chroma.</summary>
    [Parameter]
    public ColorRange Range { get; set; } = ColorRange.Limited;

    /// <summary>
    /// Copies the picture in a buffer. A share's metadata says what the parameters do not. Null after an error.
    /// </summary>
    private protected Picture? ReadPicture(DmaBuffer buffer)
    {
        Picture? picture = null;
        Try(buffer, () =>
        {
            if (FormatOf(buffer) is { } format)
                picture = Picture.Read(buffer, format);
            else
                WriteError(Unknown(buffer));
        });
        return picture;
    }

    private PictureFormat? FormatOf(DmaBuffer buffer)
    {
        var layout = LayoutOf(buffer);
        var options = new PictureOptions { Encoding = _encoding, Range = Range };
        if (layout is not null && (Width, Height, PixelFormat, Stride, Offset) is (null, null, null, null, null))
            return PictureFormat.Create(layout, options);
        if ((Width ?? layout?.Width) is not { } width
            || (Height ?? layout?.Height) is not { } height
            || (PixelFormat ?? layout?.FourCC) is not { } format)
        {
            return null;
        }

        var hasSameRows = width == layout?.Width && format == layout.FourCC;
        return PictureFormat.Create(format, width, height, options with
        {
            Stride = Stride ?? (hasSameRows ? layout!.Planes[0].Stride : null),
            Offset = Offset ?? layout?.Planes[0].Offset ?? 0,
        });
    }

    private static ErrorRecord Unknown(DmaBuffer buffer) => ErrorRecords.From(
        new PSArgumentException($"Nothing describes the picture in {buffer}."),
        "Picture,Unknown",
        ErrorCategory.InvalidArgument,
        buffer,
        "Use -Width, -Height and -PixelFormat. A buffer that is published with -Metadata needs none of them.");

    private static PictureLayout? LayoutOf(DmaBuffer buffer) => Session.Channels.Channels
        .SelectMany(channel => channel.Shares)
        .Where(share => share.Buffer == buffer)
        .Select(share => share.Metadata.Picture)
        .FirstOrDefault(picture => picture is not null);
}
