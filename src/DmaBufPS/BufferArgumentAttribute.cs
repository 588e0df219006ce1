using System.Collections;
using System.Management.Automation;
using DmaBuf.Buffers;

namespace DmaBufPS;

/// <summary>
/// Accepts buffers and names of buffers, and refuses copies of another process's buffers. The binder refuses anything
/// else, and offers it to the other parameter at the same position, or looks for properties. A name is looked up when
/// the cmdlet runs.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class BufferArgumentAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        if (BufferCopy.IsOne(inputData))
            throw BufferCopy.Refusal(inputData);
        var value = Unwrap(inputData);
        if (One(value) is { } argument)
            return argument;
        if (value is not IEnumerable list)
            return inputData;
        var arguments = new List<DmaBufferOrName>();
        foreach (var item in list)
        {
            if (BufferCopy.IsOne(item))
                throw BufferCopy.Refusal(item);
            // Instead of the list: the binder would convert all of it, which for 16 MiB of content takes 512 MiB.
            if (One(Unwrap(item)) is not { } next)
                return item;
            arguments.Add(next);
        }

        return arguments.Count > 0 ? arguments.ToArray() : inputData;
    }

    private static DmaBufferOrName? One(object? value) => value switch
    {
        DmaBufferOrName argument => argument,
        DmaBuffer buffer => new DmaBufferOrName(buffer),
        string name => new DmaBufferOrName(name),
        _ => null,
    };

    private static object? Unwrap(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;
}
