using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using DmaBuf.Sharing;

namespace DmaBufPS;

/// <summary>Completes the schemes of an address.</summary>
public sealed class AddressCompleter : IArgumentCompleter
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
            : Schemes(wordToComplete ?? "");

    private static IEnumerable<CompletionResult> Schemes(string typed) =>
        Carrier.Schemes
            .Where(scheme => scheme.StartsWith(typed, StringComparison.OrdinalIgnoreCase))
            .Select(scheme => new CompletionResult(
                $"{scheme}:", scheme, CompletionResultType.ParameterValue, Form(scheme)));

    private static string Form(string scheme) => scheme switch
    {
        "unix" => "unix:PATH - connect, or listen where nothing listens",
        "xenstore" => "xenstore:NAME - grant references between domains, one name on both sides",
        "unixd" => "unixd:PATH - listen",
        "vchan" => "vchan:DOMAIN:NAME - connect to a Xen domain",
        "vchand" => "vchand:DOMAIN:NAME - listen for a Xen domain",
        "tcp" or "vsock" => $"{scheme}:{Host(scheme)}:PORT - connect",
        _ => $"{scheme}:{Host(scheme)}:PORT - listen",
    };

    private static string Host(string scheme) => scheme.StartsWith("tcp", StringComparison.Ordinal) ? "HOST" : "CID";
}
