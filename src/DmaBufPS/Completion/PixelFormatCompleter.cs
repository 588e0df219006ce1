using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using DmaBuf.Frames;

namespace DmaBufPS;

/// <summary>Completes the pixel formats whose pictures can be converted.</summary>
public sealed class PixelFormatCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName,
        string parameterName,
        string wordToComplete,
        CommandAst commandAst,
        IDictionary fakeBoundParameters) =>
        PixelFormats.Known
            .Select(format => $"{format}".TrimEnd())
            .Where(name => name.StartsWith(wordToComplete ?? "", StringComparison.OrdinalIgnoreCase))
            .Select(name => new CompletionResult(name));
}
