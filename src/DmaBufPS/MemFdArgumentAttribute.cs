using System.Management.Automation;
using DmaBuf.Buffers;

namespace DmaBufPS;

/// <summary>Accepts a descriptor's number, a buffer or a buffer's name where a memfd is expected.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class MemFdArgumentAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        var value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return value switch
        {
            _ when BufferCopy.IsOne(inputData) => throw BufferCopy.Refusal(inputData),
            DmaBuffer buffer => new MemFdSource(new DmaBufferOrName(buffer)),
            _ when WholeNumber.TryConvert(value, int.MinValue, int.MaxValue, out var number) =>
                new MemFdSource((int)number),
            string name => new MemFdSource(new DmaBufferOrName(name)),
            _ => inputData,
        };
    }
}
