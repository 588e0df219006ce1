using System.Collections;
using System.Globalization;
using System.Management.Automation;
using DmaBuf.Buffers;
using DmaBuf.Grants;
using DmaBuf.Sharing.Channels;

namespace DmaBufPS;

/// <summary>
/// Rebuilds GrantRefs from the property bag that remoting, a job or Clixml turned them into. Only numbers and the
/// share's id are read from it. A buffer of New-GrantBuf stands for its references where references alone are wanted.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class GrantRefsArgumentAttribute : ArgumentTransformationAttribute
{
    private const string TypeName = "Deserialized.DmaBuf.Grants.GrantRefs";

    /// <summary>Whether the parameter, an object[], accepts buffers and their names too.</summary>
    public bool OrBuffer { get; set; }

    /// <summary>Whether the parameter accepts shares of channels too.</summary>
    public bool OrShare { get; set; }

    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        var value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return value switch
        {
            DmaBuffer buffer when !OrBuffer && GrantRefs.Of(buffer) is { } grants => grants,
            GrantRefs or DmaBuffer => value,
            ExportedShare when OrShare => value,
            _ when BufferCopy.IsOne(inputData) => !OrBuffer && BufferCopy.GrantsOf(inputData) is { } copied
                ? Rebuild(copied)
                : throw BufferCopy.Refusal(inputData),
            string when OrBuffer => value,
            _ when inputData is PSObject bag && bag.TypeNames.Contains(TypeName) => Rebuild(bag),
            IEnumerable list and not string =>
                list.Cast<object>().Select(item => Transform(engineIntrinsics, item)).ToArray(),
            _ when OrBuffer => throw Refusal(value),
            _ => inputData,
        };
    }

    /// <summary>Reports a wrong type, so that the binder goes on to look for properties.</summary>
    private static ArgumentTransformationMetadataException Refusal(object? value) =>
        new(
            $"{value?.GetType().Name ?? "A null value"} is neither a DmaBuffer nor GrantRefs, nor a buffer's name.",
            new PSInvalidCastException());

    private static GrantRefs Rebuild(PSObject bag)
    {
        try
        {
            var refs = Numbers(bag).Select(ConvertTo<uint>).ToArray();
            var directory = bag.Properties[nameof(GrantRefs.Directory)]?.Value;
            var shareId = bag.Properties[nameof(GrantRefs.ShareId)]?.Value;
            CheckPageSize(bag);
            return new GrantRefs
            {
                Domain = Number<ushort>(bag, nameof(GrantRefs.Domain)),
                PeerDomain = Number<ushort>(bag, nameof(GrantRefs.PeerDomain)),
                Refs = refs.Length > 0 ? refs : throw new PSInvalidCastException("Refs is empty."),
                ShareId = shareId is null ? null : ConvertTo<Guid>(shareId),
                Directory = directory is null ? null : ConvertTo<uint>(directory),
            };
        }
        catch (PSInvalidCastException e)
        {
            // No inner exception: the binder would treat it as a wrong type and replace this message by a vaguer one.
            throw new ArgumentTransformationMetadataException(
                $"These GrantRefs are incomplete: {e.Message} Domain, PeerDomain and Refs must be numbers. Send or "
                + "store the output of Export-GrantRefs with a depth of 1 or more.");
        }
    }

    /// <summary>References to pages of another size would make a buffer of the wrong size.</summary>
    private static void CheckPageSize(PSObject bag)
    {
        if (bag.Properties[nameof(GrantRefs.PageSize)] is not null
            && Number<int>(bag, nameof(GrantRefs.PageSize)) is var size and not GrantRefs.GrantPageSize)
        {
            throw new PSInvalidCastException(
                $"PageSize is {size}, but a reference always stands for {GrantRefs.GrantPageSize} bytes.");
        }
    }

    private static IEnumerable<object> Numbers(PSObject bag)
    {
        var refs = bag.Properties[nameof(GrantRefs.Refs)]?.Value;
        return (refs is PSObject wrapped ? wrapped.BaseObject : refs) is IEnumerable list and not string
            ? list.Cast<object>()
            : throw new PSInvalidCastException("Refs is not a list.");
    }

    private static T Number<T>(PSObject bag, string property) =>
        bag.Properties[property]?.Value is { } value
            ? ConvertTo<T>(value)
            : throw new PSInvalidCastException($"{property} is missing.");

    private static T ConvertTo<T>(object value) =>
        (T)LanguagePrimitives.ConvertTo(value, typeof(T), CultureInfo.InvariantCulture);
}
