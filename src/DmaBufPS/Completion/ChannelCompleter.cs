using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace DmaBufPS;

/// <summary>Completes the numbers of the open channels.</summary>
public sealed class ChannelCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName,
        string parameterName,
        string wordToComplete,
        CommandAst commandAst,
        IDictionary fakeBoundParameters) =>
        Session.Channels.Channels
            .Select(channel => (Number: channel.Id.ToString(CultureInfo.InvariantCulture), channel.Peer))
            .Where(channel => channel.Number.StartsWith(wordToComplete ?? "", StringComparison.Ordinal))
            .Select(channel => new CompletionResult(
                channel.Number,
                $"{channel.Number} {channel.Peer}",
                CompletionResultType.ParameterValue,
                channel.Peer));
}
