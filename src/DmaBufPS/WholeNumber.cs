using System.Globalization;
using System.Management.Automation;
using System.Numerics;

namespace DmaBufPS;

/// <summary>Numbers as scripts give them: PowerShell's own conversions would round them.</summary>
internal static class WholeNumber
{
    /// <summary>Converts a number, or text that is one, to a whole number from a range. False for all else.</summary>
    public static bool TryConvert(object? value, Int128 least, Int128 most, out Int128 number)
    {
        number = 0;
        if ((value is PSObject wrapped ? wrapped.BaseObject : value) is not { } given || Of(given) is not { } whole)
            return false;
        number = whole;
        return number >= least && number <= most;
    }

    /// <summary>Whether text is a number, whole or not.</summary>
    public static bool IsNumber(string text) =>
        LanguagePrimitives.TryConvertTo<decimal>(text, CultureInfo.InvariantCulture, out _);

    private static Int128? Of(object value)
    {
        const double Most = ulong.MaxValue;
        switch (value)
        {
            case byte number:
                return number;
            case int number:
                return number;
            case long number:
                return number;
            case ulong number:
                return number;
            case double number:
                return double.IsInteger(number) && Math.Abs(number) <= Most ? (Int128)number : null;
            case float number:
                return Of((double)number);
            case decimal number:
                return decimal.IsInteger(number) ? (Int128)number : null;
            case BigInteger number:
                return BigInteger.Abs(number) <= ulong.MaxValue ? (Int128)number : null;
            default:
                return LanguagePrimitives.TryConvertTo<decimal>(value, CultureInfo.InvariantCulture, out var converted)
                    ? Of(converted)
                    : null;
        }
    }
}
