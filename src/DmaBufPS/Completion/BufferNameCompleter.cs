using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace DmaBufPS;

/// <summary>Completes the names of this session's buffers.</summary>
public sealed class BufferNameCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName,
        string parameterName,
        string wordToComplete,
        CommandAst commandAst,
        IDictionary fakeBoundParameters) =>
        Session.Table.Buffers
            .Select(buffer => buffer.Name)
            .OfType<string>()
            .Where(name => name.StartsWith(QuotedName.Typed(wordToComplete), StringComparison.OrdinalIgnoreCase))
            .Distinct()
            .Select(name => QuotedName.Complete(name));
}
