using System.Collections;
using System.Globalization;
using System.Management.Automation;
using DmaBuf.Buffers;
using DmaBuf.Errors;
using DmaBuf.Frames;

namespace DmaBufPS;

/// <summary>
/// Accepts a picture's layout as a hashtable: Width, Height, FourCC (four characters or their number) and, if need be,
/// Modifier, and Offset and Stride of each plane. Without these, the planes follow each other without padding; those of
/// an unknown format are one of four bytes a pixel.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class PictureArgumentAttribute : ArgumentTransformationAttribute
{
    private const int BytesPerPixel = 4;
    private static readonly string[] s_keys = ["Width", "Height", "FourCC", "Modifier", "Offset", "Stride"];

    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        var value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return value is IDictionary table ? Layout(table) : value;
    }

    private static PictureLayout Layout(IDictionary table)
    {
        foreach (var key in table.Keys)
        {
            if (!s_keys.Contains($"{key}", StringComparer.OrdinalIgnoreCase))
                throw Bad($"'{key}' is not one of {string.Join(", ", s_keys)}.");
        }

        var width = (int)Number(table, "Width", null);
        var height = (int)Number(table, "Height", null);
        var format = Format(table);
        if (PlanesOf(table, width, height, format) is { } planes)
            return Layout(width, height, format, table, planes);
        var strides = Numbers(table, "Stride") ?? [BytesPerPixel * (long)width];
        var offsets = Numbers(table, "Offset") ?? [0];
        if (offsets.Length != strides.Length)
            throw Bad($"There are {offsets.Length} offsets and {strides.Length} strides; each plane has one of each.");
        planes = [.. offsets.Zip(strides, (offset, stride) => new PicturePlane(offset, checked((int)stride)))];
        return Layout(width, height, format, table, planes);
    }

    private static PictureLayout Layout(
        int width, int height, FourCC format, IDictionary table, IReadOnlyList<PicturePlane> planes) => new()
        {
            Width = width,
            Height = height,
            FourCC = format,
            Modifier = (ulong)Number(table, "Modifier", 0),
            Planes = planes,
        };

    /// <summary>The planes of a known format that the table does not describe, or null.</summary>
    private static IReadOnlyList<PicturePlane>? PlanesOf(IDictionary table, int width, int height, FourCC format)
    {
        if (Value(table, "Stride") is not null || Value(table, "Offset") is not null)
            return null;
        try
        {
            return PictureFormat.Create(format, width, height, new PictureOptions()).Layout.Planes;
        }
        catch (PictureException)
        {
            // An unknown format, or a size that is refused with the rest of the metadata.
            return null;
        }
    }

    private static FourCC Format(IDictionary table) => Value(table, "FourCC") switch
    {
        FourCC format => format,
        string text => FourCC.TryParse(text, out var format)
            ? format
            : throw Bad($"'{text}' is not four ASCII characters."),
        null => throw Bad("FourCC is missing: the pixel format's four characters, such as XR24."),
        var number => new FourCC((uint)Whole(number, "FourCC", uint.MaxValue)),
    };

    private static long Number(IDictionary table, string key, long? otherwise) =>
        Value(table, key) is { } value
            ? Whole(value, key, key == "Modifier" ? long.MaxValue : int.MaxValue)
            : otherwise ?? throw Bad($"{key} is missing.");

    private static long[]? Numbers(IDictionary table, string key) => Value(table, key) switch
    {
        null => null,
        IEnumerable list and not string => [.. list.Cast<object>().Select(item => Whole(item, key, long.MaxValue))],
        var one => [Whole(one, key, long.MaxValue)],
    };

    private static long Whole(object value, string key, long most) =>
        WholeNumber.TryConvert(value is PSObject wrapped ? wrapped.BaseObject : value, 0, most, out var number)
            ? (long)number
            : throw Bad(string.Create(CultureInfo.InvariantCulture, $"{key} is '{value}', and not from 0 to {most}."));

    private static object? Value(IDictionary table, string key)
    {
        foreach (DictionaryEntry entry in table)
        {
            if (string.Equals($"{entry.Key}", key, StringComparison.OrdinalIgnoreCase))
                return entry.Value is PSObject wrapped ? wrapped.BaseObject : entry.Value;
        }

        return null;
    }

    private static ArgumentTransformationMetadataException Bad(string message) => new(message);
}
