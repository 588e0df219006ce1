using System.Collections;
using System.Management.Automation;
using DmaBuf.Buffers;

namespace DmaBufPS;

/// <summary>
/// Accepts content as people type it: text, lines of text, a byte, or any list of bytes. The property gets a string or
/// byte[].
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ContentArgumentAttribute : ArgumentTransformationAttribute
{
    /// <summary>
    /// Whether the property also gets a FileSystemInfo, and a buffer, which stands at the other position than the text.
    /// </summary>
    public bool OrFile { get; set; }

    /// <summary>Content that is not text, and is not made of bytes either.</summary>
    internal static string NotBytes(object? value) =>
        FormattableString.Invariant($"'{value}' is not content: ")
        + "content is text, a byte from 0 to 255, or a list of such bytes.";

    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        var value = Unwrap(inputData);
        return value switch
        {
            null => null!,
            string or byte[] => value,
            char character => character.ToString(),
            FileSystemInfo or DmaBuffer when OrFile => value,
            IDictionary => throw Refusal(value),
            IEnumerable list => List([.. list.Cast<object?>().Select(Unwrap)]),
            _ => new[] { Byte(value) },
        };
    }

    private static object List(object?[] items) => items.Length > 0 && Array.TrueForAll(items, item => item is string)
        ? string.Join('\n', items)
        : Array.ConvertAll(items, Byte);

    private static byte Byte(object? value) => value switch
    {
        char character and <= (char)byte.MaxValue => (byte)character,
        _ when WholeNumber.TryConvert(value, byte.MinValue, byte.MaxValue, out var number) => (byte)number,
        _ => throw Refusal(value),
    };

    private static object? Unwrap(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;

    private static ArgumentTransformationMetadataException Refusal(object? value) => new(NotBytes(value));
}
