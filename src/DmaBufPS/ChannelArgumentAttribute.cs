using System.Collections;
using System.Management.Automation;

namespace DmaBufPS;

/// <summary>Accepts channels, and the numbers of open ones.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ChannelArgumentAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        var value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return value switch
        {
            IEnumerable list and not string => list.Cast<object>().Select(One).ToArray(),
            _ => One(value),
        };
    }

    internal static ErrorRecord NotOpen(long id) => ErrorRecords.From(
        new ItemNotFoundException($"No channel {id} is open."),
        "Channel,NotFound",
        ErrorCategory.ObjectNotFound,
        id,
        "Get-DmaBufChannel lists the channels.");

    internal static ErrorRecord NoneOpen() => ErrorRecords.From(
        new ItemNotFoundException("No channel is open."),
        "Channel,NotFound",
        ErrorCategory.ObjectNotFound,
        null,
        "Connect-DmaBufChannel opens one.");

    private static object One(object? item)
    {
        var value = item is PSObject wrapped ? wrapped.BaseObject : item;
        if (!WholeNumber.TryConvert(value!, 0, long.MaxValue, out var number))
            return value!;
        return Session.Channels.Channels.FirstOrDefault(channel => channel.Id == number)
            ?? throw new ArgumentTransformationMetadataException(
                $"No channel {number} is open. Get-DmaBufChannel lists the channels.");
    }
}
