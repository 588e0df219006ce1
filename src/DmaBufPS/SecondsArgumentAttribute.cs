using System.Management.Automation;

namespace DmaBufPS;

/// <summary>Accepts a TimeSpan where seconds are wanted.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SecondsArgumentAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData) =>
        (inputData is PSObject wrapped ? wrapped.BaseObject : inputData) is TimeSpan time
            ? time.TotalSeconds
            : inputData;
}
