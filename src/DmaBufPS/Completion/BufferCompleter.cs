using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace DmaBufPS;

/// <summary>
/// Completes the names of this session's buffers where a buffer is expected. A name that several buffers have is left
/// out, because it would be refused.
/// </summary>
public sealed class BufferCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName,
        string parameterName,
        string wordToComplete,
        CommandAst commandAst,
        IDictionary fakeBoundParameters) =>
        BufferPosition.IsPiped(commandName, commandAst) ? null! : Names(QuotedName.Typed(wordToComplete));

    private static IEnumerable<CompletionResult> Names(string typed) =>
        Session.Table.Buffers
            .GroupBy(buffer => buffer.Name)
            .Where(named => named.Key is not null && named.Count() == 1)
            .Where(named => named.Key!.StartsWith(typed, StringComparison.OrdinalIgnoreCase))
            .Select(named => QuotedName.CompleteLiteral(named.Key!, $"{named.First()}"));
}
