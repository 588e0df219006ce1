using System.Management.Automation;
using DmaBuf.Buffers;
using DmaBuf.Tracing;

namespace DmaBufPS;

/// <summary>Finds open buffers by name.</summary>
internal static class BufferNames
{
    /// <summary>
    /// The open buffers with a name. If none has exactly this name, upper and lower case count as the same.
    /// </summary>
    public static IReadOnlyList<DmaBuffer> Find(string name)
    {
        var shown = VisibleText.Of(name);
        var found = Session.Table.Buffers
            .Select(buffer => (Buffer: buffer, buffer.Name))
            .Where(item => string.Equals(item.Name, shown, StringComparison.OrdinalIgnoreCase))
            .ToList();
        var exact = found.FindAll(item => item.Name == shown);
        return (exact.Count > 0 ? exact : found).ConvertAll(item => item.Buffer);
    }

    /// <summary>The error for a name that does not stand for exactly one of the buffers found.</summary>
    public static ErrorRecord Refusal(string name, IReadOnlyList<DmaBuffer> found)
    {
        var shown = VisibleText.Of(name);
        return found.Count == 0
            ? ErrorRecords.From(
                new ItemNotFoundException($"No open buffer is named '{shown}'."),
                "Buffer,NotFound",
                ErrorCategory.ObjectNotFound,
                name,
                "Check the name: Get-DmaBuf lists this session's buffers.")
            : ErrorRecords.From(
                new PSArgumentException(
                    $"{found.Count} open buffers are named '{shown}': {string.Join("; ", found)}."),
                "Buffer,AmbiguousName",
                ErrorCategory.InvalidArgument,
                name,
                "Give the buffer itself instead of its name, from a variable or from Get-DmaBuf.");
    }
}
