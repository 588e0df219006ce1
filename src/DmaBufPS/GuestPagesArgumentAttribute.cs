using System.Collections;
using System.Management.Automation;
using DmaBuf.Guests;

namespace DmaBufPS;

/// <summary>
/// Rebuilds GuestPages from the property bag that remoting, a job or Clixml turned them into. Only numbers and the
/// share's id are read from it.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class GuestPagesArgumentAttribute : ArgumentTransformationAttribute
{
    private const string TypeName = "Deserialized.DmaBuf.Guests.GuestPages";

    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        var value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return value switch
        {
            GuestPages => value,
            _ when IsCopy(inputData) => Rebuild((PSObject)inputData),
            IEnumerable list and not string =>
                list.Cast<object>().Select(item => Transform(engineIntrinsics, item)).ToArray(),
            _ => inputData,
        };
    }

    /// <summary>Whether an argument is such a property bag.</summary>
    internal static bool IsCopy(object? argument) => argument is PSObject bag && bag.TypeNames.Contains(TypeName);

    /// <exception cref="ArgumentTransformationMetadataException">It is incomplete.</exception>
    internal static GuestPages Rebuild(PSObject bag)
    {
        try
        {
            var ranges = PropertyBag.List(bag, nameof(GuestPages.Ranges)).Select(RangeOf).ToArray();
            return new GuestPages
            {
                FrameSize = PropertyBag.Number<int>(bag, nameof(GuestPages.FrameSize)),
                Ranges = ranges.Length > 0 ? ranges : throw new PSInvalidCastException("Ranges is empty."),
                ShareId = PropertyBag.Optional<Guid>(bag, nameof(GuestPages.ShareId)),
            };
        }
        catch (PSInvalidCastException e)
        {
            // No inner exception: the binder would treat it as a wrong type and replace this message by a vaguer one.
            throw new ArgumentTransformationMetadataException(
                $"These GuestPages are incomplete: {e.Message} FrameSize must be a number, and Ranges a list of First "
                + "and Count. Send or store the output of Export-GuestPages with a depth of 2 or more.");
        }
    }

    private static FrameRange RangeOf(object item) => item is PSObject { BaseObject: FrameRange range }
        ? range
        : PSObject.AsPSObject(item) is var bag && bag.Properties[nameof(FrameRange.First)] is not null
            ? new FrameRange(
                PropertyBag.Number<ulong>(bag, nameof(FrameRange.First)),
                PropertyBag.Number<ulong>(bag, nameof(FrameRange.Count)))
            : throw new PSInvalidCastException("Ranges has been cut off.");
}
