using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace DmaBufPS;

/// <summary>Completes the names of shares.</summary>
public sealed class ShareNameCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName,
        string parameterName,
        string wordToComplete,
        CommandAst commandAst,
        IDictionary fakeBoundParameters) =>
        Session.Channels.Channels
            .SelectMany(channel => channel.Shares)
            .Select(share => share.Name)
            .OfType<string>()
            .Distinct()
            .Where(name => name.StartsWith(QuotedName.Typed(wordToComplete), StringComparison.OrdinalIgnoreCase))
            .Select(QuotedName.Complete);
}
