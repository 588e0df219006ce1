using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using DmaBuf.Errors;
using DmaBuf.Waits;
using DmaBuf.Xen;

namespace DmaBufPS;

/// <summary>Completes the ids and names of the domains that can be seen.</summary>
public sealed class DomainCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName,
        string parameterName,
        string wordToComplete,
        CommandAst commandAst,
        IDictionary fakeBoundParameters) =>
        BufferPosition.IsNext(commandName, parameterName, wordToComplete, commandAst, fakeBoundParameters)
            ? null!
            : Choices(wordToComplete ?? "");

    /// <summary>The domains that can be seen.</summary>
    internal static IReadOnlyList<XenDomain> Seen()
    {
        try
        {
            using var limit = new WaitLimit(TimeSpan.FromSeconds(1));
            using var store = XenStore.Open(limit);
            return XenDomain.All(store);
        }
        catch (DmaBufException)
        {
            // Not a Xen domain: there is nothing to complete.
            return [];
        }
    }

    private static IEnumerable<CompletionResult> Choices(string typed) =>
        Seen()
            .SelectMany(domain => new[] { ($"{domain.Id}", domain.Name), (domain.Name ?? "", $"{domain.Id}") })
            .Where(choice => choice.Item1.Length > 0)
            .Where(choice => choice.Item1.StartsWith(typed, StringComparison.OrdinalIgnoreCase))
            .Select(choice => new CompletionResult(
                choice.Item1, choice.Item1, CompletionResultType.ParameterValue, choice.Item2 ?? choice.Item1));
}
