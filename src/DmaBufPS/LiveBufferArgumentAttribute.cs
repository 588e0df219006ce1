using System.Management.Automation;

namespace DmaBufPS;

/// <summary>Refuses a copy of another process's buffer, and leaves everything else to the binder.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class LiveBufferArgumentAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData) =>
        BufferCopy.IsOne(inputData) ? throw BufferCopy.Refusal(inputData) : inputData;
}
