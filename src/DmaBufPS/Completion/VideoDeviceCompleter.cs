using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using DmaBuf.Frames;

namespace DmaBufPS;

/// <summary>Completes the paths of this machine's video devices; the tool tip has the name.</summary>
public sealed class VideoDeviceCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName,
        string parameterName,
        string wordToComplete,
        CommandAst commandAst,
        IDictionary fakeBoundParameters) =>
        VideoDevice.Paths()
            .Where(path => path.StartsWith(wordToComplete ?? "", StringComparison.Ordinal))
            .Select(path => new CompletionResult(
                path, path, CompletionResultType.ParameterValue, $"{path} {VideoDevice.NameOf(path)}".Trim()));
}
