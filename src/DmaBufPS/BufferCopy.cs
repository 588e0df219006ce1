using System.Management.Automation;
using DmaBuf.Buffers;
using DmaBuf.Tracing;

namespace DmaBufPS;

/// <summary>
/// What remoting, a job or Clixml turns a buffer into: a property bag that shows the buffer of another process and
/// cannot reach its memory.
/// </summary>
internal static class BufferCopy
{
    private const string TypeName = "Deserialized.DmaBuf.Buffers.DmaBuffer";

    /// <summary>Whether an argument is such a copy.</summary>
    public static bool IsOne(object? argument) => argument is PSObject bag && bag.TypeNames.Contains(TypeName);

    /// <summary>The references of a buffer that New-GrantBuf made, as a property bag; null for other buffers.</summary>
    public static PSObject? GrantsOf(object copy) =>
        ((PSObject)copy).Properties[nameof(DmaBuffer.Shared)]?.Value is PSObject shared
            && shared.TypeNames.Contains(GrantRefsArgumentAttribute.TypeName) ? shared : null;

    /// <summary>
    /// The refusal to use a copy as a buffer. It has no inner exception: the binder would treat it as a wrong type and
    /// replace this message by a vaguer one.
    /// </summary>
    public static ArgumentTransformationMetadataException Refusal(object copy)
    {
        var cure = GrantsOf(copy) is null
            ? "To use its memory here, send the buffer from that process: with Send-DmaBufFd to Receive-DmaBuf or, "
                + "between domains, with Export-GrantRefs to Import-GrantRefs."
            : "Its property Grants holds references, which Import-GrantRefs and Send-DmaBufFd take.";
        return new ArgumentTransformationMetadataException(
            VisibleText.Of($"{copy} belongs to another process, and this is only a copy of its properties. {cure}"));
    }
}
