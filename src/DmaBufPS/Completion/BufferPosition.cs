using System.Collections;
using System.Management.Automation.Language;

namespace DmaBufPS;

/// <summary>
/// The first argument of Send-DmaBufFd, Export-GrantRefs and Write-DmaBufContent: the buffer or, with buffers from the
/// pipeline, the other argument. PowerShell asks the completers of both, and shows both answers unless one of them is
/// null.
/// </summary>
internal static class BufferPosition
{
    private const string InputObject = "InputObject";
    private static readonly string[] s_commands = ["Send-DmaBufFd", "Export-GrantRefs"];

    /// <summary>Whether the buffers come from the pipeline, so that no argument is one.</summary>
    public static bool IsPiped(string commandName, CommandAst command) =>
        (IsShared(commandName) || IsOneOf(commandName, "Write-DmaBufContent")) && HasInput(command);

    /// <summary>Whether the argument to complete is a buffer, and not the other parameter's.</summary>
    public static bool IsNext(
        string commandName, string otherParameter, string? word, CommandAst command, IDictionary bound) =>
        IsShared(commandName)
        && !HasInput(command)
        && (!bound.Contains(InputObject) || Equals(bound[InputObject], word))
        && !command.CommandElements.OfType<CommandParameterAst>().Any(
            named => otherParameter.StartsWith(named.ParameterName, StringComparison.OrdinalIgnoreCase));

    private static bool IsShared(string commandName) => IsOneOf(commandName, s_commands);

    private static bool IsOneOf(string commandName, params string[] commands) =>
        commands.Contains(commandName, StringComparer.OrdinalIgnoreCase);

    private static bool HasInput(CommandAst command) =>
        command.Parent is PipelineAst pipeline && pipeline.PipelineElements[0] != command;
}
