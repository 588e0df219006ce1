using System.Collections;
using System.Management.Automation;
using DmaBuf.Buffers;
using DmaBuf.Grants;
using DmaBuf.Guests;
using DmaBuf.Sharing.Channels;

namespace DmaBufPS;

/// <summary>
/// Rebuilds GrantRefs from the property bag that remoting, a job or Clixml turned them into. Only numbers and the
/// share's id are read from it. A buffer of New-GrantBuf stands for its references where references alone are wanted.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class GrantRefsArgumentAttribute : ArgumentTransformationAttribute
{
    internal const string TypeName = "Deserialized.DmaBuf.Grants.GrantRefs";

    /// <summary>Whether the parameter, an object[], accepts buffers and their names too.</summary>
    public bool OrBuffer { get; set; }

    /// <summary>Whether the parameter accepts a guest's pages too.</summary>
    public bool OrGuestPages { get; set; }

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
            GuestPages when OrGuestPages => value,
            _ when OrGuestPages && GuestPagesArgumentAttribute.IsCopy(inputData) =>
                GuestPagesArgumentAttribute.Rebuild((PSObject)inputData),
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
    private ArgumentTransformationMetadataException Refusal(object? value) =>
        new(
            $"{value?.GetType().Name ?? "A null value"} is neither a DmaBuffer nor {Kinds}, nor a buffer's name.",
            new PSInvalidCastException());

    private string Kinds => OrGuestPages ? "GrantRefs, nor GuestPages" : "GrantRefs";

    private static GrantRefs Rebuild(PSObject bag)
    {
        try
        {
            var refs = PropertyBag.List(bag, nameof(GrantRefs.Refs)).Select(PropertyBag.ConvertTo<uint>).ToArray();
            CheckPageSize(bag);
            return new GrantRefs
            {
                Domain = PropertyBag.Number<ushort>(bag, nameof(GrantRefs.Domain)),
                PeerDomain = PropertyBag.Number<ushort>(bag, nameof(GrantRefs.PeerDomain)),
                Refs = refs.Length > 0 ? refs : throw new PSInvalidCastException("Refs is empty."),
                ShareId = PropertyBag.Optional<Guid>(bag, nameof(GrantRefs.ShareId)),
                Directory = PropertyBag.Optional<uint>(bag, nameof(GrantRefs.Directory)),
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
            && PropertyBag.Number<int>(bag, nameof(GrantRefs.PageSize)) is var size and not GrantRefs.GrantPageSize)
        {
            throw new PSInvalidCastException(
                $"PageSize is {size}, but a reference always stands for {GrantRefs.GrantPageSize} bytes.");
        }
    }
}
