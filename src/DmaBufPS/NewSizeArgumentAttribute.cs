using System.Management.Automation;
using DmaBuf.Buffers;

namespace DmaBufPS;

/// <summary>
/// Refuses a buffer where the size of a new one is expected: its property Size would bind, and the new buffer would
/// share nothing with it. Everything else is left to the binder.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class NewSizeArgumentAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        if (BufferCopy.IsOne(inputData))
            throw BufferCopy.Refusal(inputData);
        // No inner exception: the binder would treat it as a wrong type and go on to the property.
        return (inputData is PSObject wrapped ? wrapped.BaseObject : inputData) is DmaBuffer buffer
            ? throw new ArgumentTransformationMetadataException(
                $"{buffer} is a buffer, and the new one needs a size. To share its pages with another domain, use "
                + "Export-GrantRefs; for a new buffer of its size, give $buffer.Size.")
            : inputData;
    }
}
