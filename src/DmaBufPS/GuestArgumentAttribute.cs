using System.Collections;
using System.Management.Automation;

namespace DmaBufPS;

/// <summary>Accepts guests, and the names of those whose memory the process holds.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class GuestArgumentAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        var value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return value switch
        {
            string name => Session.Guests.Find(name)
                ?? throw new ArgumentTransformationMetadataException(NotFound(name).Exception.Message
                    + " Get-GuestMemory lists the guests, Connect-GuestMemory connects one."),
            IEnumerable list => list.Cast<object>().Select(item => Transform(engineIntrinsics, item)).ToArray(),
            _ => value!,
        };
    }

    internal static ErrorRecord NotFound(string name) => ErrorRecords.From(
        new ItemNotFoundException($"No guest '{name}' is connected."),
        "Guest,NotFound",
        ErrorCategory.ObjectNotFound,
        name,
        "Connect-GuestMemory connects one.");
}
