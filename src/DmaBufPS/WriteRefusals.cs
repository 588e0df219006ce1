using System.Management.Automation;
using DmaBuf.Buffers;

namespace DmaBufPS;

/// <summary>Why content is refused.</summary>
internal static class WriteRefusals
{
    /// <summary>An empty list of buffers, which the binder accepts because content may be empty.</summary>
    public static ErrorRecord NoBuffers() => ErrorRecords.From(
        new PSArgumentException("The list of buffers to write into is empty."),
        "Buffer,NotFound",
        ErrorCategory.ObjectNotFound,
        null,
        "Check what made the list: Get-DmaBuf lists this session's buffers.");

    /// <summary>A buffer as the content of another.</summary>
    public static ErrorRecord NotContent(DmaBuffer buffer) => ErrorRecords.From(
        new PSArgumentException($"{buffer} is a buffer, and not content."),
        "Buffer,BadContent",
        ErrorCategory.InvalidArgument,
        buffer,
        "To copy a buffer's content, use -Stream (Read-DmaBufContent BUFFER -AsStream).");

    /// <summary>A negative number without parentheses, which arrives as text.</summary>
    public static ErrorRecord NegativeNumber(object content) => ErrorRecords.From(
        new PSArgumentException(ContentArgumentAttribute.NotBytes(content)),
        "Buffer,BadContent",
        ErrorCategory.InvalidArgument,
        content,
        "To give it as text, put it in quotes.");

    /// <summary>A stream that cannot be read again for a further buffer.</summary>
    public static ErrorRecord StreamTaken(DmaBuffer buffer) => ErrorRecords.From(
        new PSInvalidOperationException(
            "The stream was already read for another buffer of this pipeline, and it cannot go back."),
        "Stream,SeveralBuffers",
        ErrorCategory.InvalidOperation,
        buffer,
        "Write only one buffer from it, or read it into a MemoryStream first.");
}
