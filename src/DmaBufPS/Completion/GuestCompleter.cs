using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace DmaBufPS;

/// <summary>Completes the names of the guests whose memory the process holds.</summary>
public sealed class GuestCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName,
        string parameterName,
        string wordToComplete,
        CommandAst commandAst,
        IDictionary fakeBoundParameters) =>
        Session.Guests.Guests
            .Where(guest => guest.Name.StartsWith(QuotedName.Typed(wordToComplete), StringComparison.OrdinalIgnoreCase))
            .Select(guest => QuotedName.CompleteLiteral(guest.Name, $"{guest.State}, {guest.SocketPath}"));
}
