using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace DmaBufPS;

/// <summary>Completes the ids of shares, each shown with its name.</summary>
public sealed class ShareIdCompleter : IArgumentCompleter
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
            .Select(share => (Id: $"{share.Id}", share.Name, Text: $"{share}"))
            .DistinctBy(share => share.Id)
            .Where(share => share.Id.StartsWith(QuotedName.Typed(wordToComplete), StringComparison.OrdinalIgnoreCase))
            .Select(share => new CompletionResult(
                $"'{share.Id}'",
                share.Name is null ? share.Id : $"{share.Id} {share.Name}",
                CompletionResultType.ParameterValue,
                share.Text));
}
