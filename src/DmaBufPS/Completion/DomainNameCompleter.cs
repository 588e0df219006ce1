using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace DmaBufPS;

/// <summary>Completes the names of the domains that can be seen.</summary>
public sealed class DomainNameCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName,
        string parameterName,
        string wordToComplete,
        CommandAst commandAst,
        IDictionary fakeBoundParameters) =>
        DomainCompleter.Seen()
            .Where(domain => domain.Name?.StartsWith(wordToComplete ?? "", StringComparison.OrdinalIgnoreCase) ?? false)
            .Select(domain => new CompletionResult(
                domain.Name, domain.Name, CompletionResultType.ParameterValue, $"{domain.Id}"));
}
