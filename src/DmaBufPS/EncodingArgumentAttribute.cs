using System.Management.Automation;
using System.Text;

namespace DmaBufPS;

/// <summary>Converts a name or code page to its encoding. The names are those that Get-Content takes.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class EncodingArgumentAttribute : ArgumentTransformationAttribute
{
    /// <summary>The names that completion offers.</summary>
    internal static IReadOnlyList<string> Names { get; } =
    [
        "utf8", "ascii", "latin1", "unicode", "bigendianunicode", "utf32", "bigendianutf32",
    ];

    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        var value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        try
        {
            return value switch
            {
                string name => ByName(name),
                int codePage => Encoding.GetEncoding(codePage),
                _ => value,
            };
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new ArgumentTransformationMetadataException(
                $"'{value}' is not an encoding: use one of {string.Join(", ", Names)}, "
                    + "or a name or code page that .NET knows.",
                e);
        }
    }

    private static Encoding ByName(string name) => name.ToUpperInvariant() switch
    {
        "UTF8" or "UTF8NOBOM" => new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        "ASCII" => Encoding.ASCII,
        "LATIN1" => Encoding.Latin1,
        "UNICODE" => Encoding.Unicode,
        "BIGENDIANUNICODE" => Encoding.BigEndianUnicode,
        "UTF32" => Encoding.UTF32,
        "BIGENDIANUTF32" => new UTF32Encoding(bigEndian: true, byteOrderMark: false),
        _ => Encoding.GetEncoding(name),
    };
}
