using System.Collections;
using System.Globalization;
using System.Management.Automation;

namespace DmaBufPS;

/// <summary>
/// Accepts content as people type it: a string, a byte, or any list of bytes. The property gets a string or byte[].
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ContentArgumentAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        var value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        try
        {
            return value switch
            {
                null => null!,
                string or byte[] => value,
                char character => character.ToString(),
                IEnumerable list => LanguagePrimitives.ConvertTo(list, typeof(byte[]), CultureInfo.InvariantCulture),
                _ => new[] { (byte)LanguagePrimitives.ConvertTo(value, typeof(byte), CultureInfo.InvariantCulture) },
            };
        }
        catch (PSInvalidCastException e)
        {
            throw new ArgumentTransformationMetadataException(
                "Content is a string, a byte from 0 to 255, or a list of such bytes.", e);
        }
    }
}
