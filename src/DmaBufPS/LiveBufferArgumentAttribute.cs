using System.Management.Automation;

namespace DmaBufPS;

/// <summary>Refuses copies of another process's buffers, and leaves everything else to the binder.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class LiveBufferArgumentAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        if (BufferCopy.IsOne(inputData))
            throw BufferCopy.Refusal(inputData);
        var value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        if (value is object[] list && Array.Find(list, BufferCopy.IsOne) is { } copy)
            throw BufferCopy.Refusal(copy);
        return inputData;
    }
}
