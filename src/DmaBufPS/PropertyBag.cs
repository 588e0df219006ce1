using System.Collections;
using System.Globalization;
using System.Management.Automation;

namespace DmaBufPS;

/// <summary>Reads the properties of what remoting, a job or Clixml turned an object into.</summary>
internal static class PropertyBag
{
    /// <exception cref="PSInvalidCastException">It is missing, or not a list.</exception>
    public static IEnumerable<object> List(PSObject bag, string property)
    {
        var value = bag.Properties[property]?.Value;
        return (value is PSObject wrapped ? wrapped.BaseObject : value) is IEnumerable list and not string
            ? list.Cast<object>()
            : throw new PSInvalidCastException($"{property} is not a list.");
    }

    /// <exception cref="PSInvalidCastException">It is missing, or not such a number.</exception>
    public static T Number<T>(PSObject bag, string property) =>
        bag.Properties[property]?.Value is { } value
            ? ConvertTo<T>(value)
            : throw new PSInvalidCastException($"{property} is missing.");

    /// <summary>Null where the property is missing or null.</summary>
    /// <exception cref="PSInvalidCastException">It is not such a value.</exception>
    public static T? Optional<T>(PSObject bag, string property)
        where T : struct => bag.Properties[property]?.Value is { } value ? ConvertTo<T>(value) : null;

    /// <exception cref="PSInvalidCastException">It is not such a value.</exception>
    public static T ConvertTo<T>(object value) =>
        (T)LanguagePrimitives.ConvertTo(value, typeof(T), CultureInfo.InvariantCulture);
}
