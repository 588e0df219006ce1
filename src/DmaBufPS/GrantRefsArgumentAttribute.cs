using System.Collections;
using System.Globalization;
using System.Management.Automation;
using DmaBuf;

namespace DmaBufPS;

/// <summary>
/// Makes GrantRefs again of what remoting, a job or Clixml made of them: a property bag of numbers. Nothing but
/// numbers is read from it.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class GrantRefsArgumentAttribute : ArgumentTransformationAttribute
{
    private const string TypeName = "Deserialized.DmaBuf.GrantRefs";

    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData) => inputData switch
    {
        PSObject bag when bag.TypeNames.Contains(TypeName) => Rebuild(bag),
        object[] list => list.Select(item => Transform(engineIntrinsics, item)).ToArray(),
        _ => inputData,
    };

    private static GrantRefs Rebuild(PSObject bag)
    {
        try
        {
            var refs = bag.Properties[nameof(GrantRefs.Refs)].Value;
            var list = (refs is PSObject wrapped ? wrapped.BaseObject : refs) as IEnumerable ?? throw new PSInvalidCastException("Refs is no list.");
            var directory = bag.Properties[nameof(GrantRefs.Directory)]?.Value;
            return new GrantRefs
            {
                Domain = Number<ushort>(bag, nameof(GrantRefs.Domain)),
                PeerDomain = Number<ushort>(bag, nameof(GrantRefs.PeerDomain)),
                Refs = [.. list.Cast<object>().Select(item => (uint)LanguagePrimitives.ConvertTo(item, typeof(uint), CultureInfo.InvariantCulture))],
                Directory = directory is null ? null : (uint)LanguagePrimitives.ConvertTo(directory, typeof(uint), CultureInfo.InvariantCulture),
            };
        }
        catch (Exception e) when (e is PSInvalidCastException or NullReferenceException)
        {
            throw new ArgumentTransformationMetadataException("These are not whole GrantRefs: Domain, PeerDomain and Refs must be numbers.", e);
        }
    }

    private static T Number<T>(PSObject bag, string property) =>
        (T)LanguagePrimitives.ConvertTo(bag.Properties[property].Value, typeof(T), CultureInfo.InvariantCulture);
}
