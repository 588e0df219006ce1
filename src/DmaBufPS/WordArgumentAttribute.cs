using System.Collections;
using System.Management.Automation;
using System.Numerics;

namespace DmaBufPS;

/// <summary>
/// Accepts one or several whole numbers of a size. PowerShell reads 0xffffffff as -1, so negative numbers stand for
/// their two's complement.
/// </summary>
/// <typeparam name="T">The unsigned type of that size.</typeparam>
[AttributeUsage(AttributeTargets.Property)]
public sealed class WordArgumentAttribute<T> : ArgumentTransformationAttribute
    where T : IBinaryInteger<T>, IMinMaxValue<T>
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        var value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return value is IEnumerable list and not string
            ? list.Cast<object?>().Select(Word).ToArray()
            : new[] { Word(value) };
    }

    private static T Word(object? value)
    {
        var most = Int128.CreateChecked(T.MaxValue);
        var least = -(most + 1) / 2;
        if (WholeNumber.TryConvert(value, least, most, out var number))
            return T.CreateTruncating(number);
        var bits = T.AllBitsSet.GetByteCount() * 8;
        throw new ArgumentTransformationMetadataException(
            FormattableString.Invariant($"'{value}' is not a word of {bits} bits: ")
            + FormattableString.Invariant($"such words are whole numbers from {least} to {most}."));
    }
}
