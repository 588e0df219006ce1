using System.Collections;
using System.Globalization;
using System.Management.Automation;
using DmaBuf.Buffers;
using DmaBuf.Grants;

namespace DmaBufPS;

/// <summary>
/// Makes GrantRefs again of what remoting, a job or Clixml made of them: a property bag of numbers. Nothing but
/// numbers is read from it.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class GrantRefsArgumentAttribute : ArgumentTransformationAttribute
{
    private const string TypeName = "Deserialized.DmaBuf.Grants.GrantRefs";

    /// <summary>Whether buffers are taken as well: the parameter is an object[] of both, and of nothing else.</summary>
    public bool OrBuffer { get; set; }

    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        var value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return value switch
        {
            GrantRefs or DmaBuffer => value,
            _ when inputData is PSObject bag && bag.TypeNames.Contains(TypeName) => Rebuild(bag),
            IEnumerable list and not string => list.Cast<object>().Select(item => Transform(engineIntrinsics, item)).ToArray(),
            _ when OrBuffer => throw Refusal(value),
            _ => inputData,
        };
    }

    /// <summary>Tells the binder that the value has the wrong type, so that it goes on to look for properties.</summary>
    private static ArgumentTransformationMetadataException Refusal(object? value) =>
        new($"{value?.GetType().Name ?? "Nothing"} is neither a DmaBuffer nor GrantRefs.", new PSInvalidCastException());

    private static GrantRefs Rebuild(PSObject bag)
    {
        try
        {
            var refs = Numbers(bag).Select(item => (uint)LanguagePrimitives.ConvertTo(item, typeof(uint), CultureInfo.InvariantCulture)).ToArray();
            var directory = bag.Properties[nameof(GrantRefs.Directory)]?.Value;
            var shareId = bag.Properties[nameof(GrantRefs.ShareId)]?.Value;
            CheckPageSize(bag);
            return new GrantRefs
            {
                Domain = Number<ushort>(bag, nameof(GrantRefs.Domain)),
                PeerDomain = Number<ushort>(bag, nameof(GrantRefs.PeerDomain)),
                Refs = refs.Length > 0 ? refs : throw new PSInvalidCastException("Refs is empty."),
                ShareId = shareId is null ? null : (Guid)LanguagePrimitives.ConvertTo(shareId, typeof(Guid), CultureInfo.InvariantCulture),
                Directory = directory is null ? null : (uint)LanguagePrimitives.ConvertTo(directory, typeof(uint), CultureInfo.InvariantCulture),
            };
        }
        catch (PSInvalidCastException e)
        {
            // Not as the inner exception: the binder would take that as the wrong type, and say less.
            throw new ArgumentTransformationMetadataException(
                $"These are not whole GrantRefs, whose Domain, PeerDomain and Refs are numbers: {e.Message} Send or store what Export-GrantRefs gave, with a depth of 1 or more.");
        }
    }

    /// <summary>References to pages of another size would be imported as a buffer of another size.</summary>
    private static void CheckPageSize(PSObject bag)
    {
        if (bag.Properties[nameof(GrantRefs.PageSize)] is not null && Number<int>(bag, nameof(GrantRefs.PageSize)) is var size and not GrantRefs.GrantPageSize)
            throw new PSInvalidCastException($"PageSize is {size}, and a reference always stands for {GrantRefs.GrantPageSize} bytes.");
    }

    private static IEnumerable<object> Numbers(PSObject bag)
    {
        var refs = bag.Properties[nameof(GrantRefs.Refs)]?.Value;
        return (refs is PSObject wrapped ? wrapped.BaseObject : refs) is IEnumerable list and not string
            ? list.Cast<object>()
            : throw new PSInvalidCastException("Refs is no list.");
    }

    private static T Number<T>(PSObject bag, string property) =>
        bag.Properties[property]?.Value is { } value
            ? (T)LanguagePrimitives.ConvertTo(value, typeof(T), CultureInfo.InvariantCulture)
            : throw new PSInvalidCastException($"{property} is missing.");
}
