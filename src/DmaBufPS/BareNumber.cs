using System.Management.Automation;
using System.Management.Automation.Language;

namespace DmaBufPS;

/// <summary>PowerShell passes on a negative number without parentheses as text, as if it were in quotes.</summary>
internal static class BareNumber
{
    /// <summary>Whether an argument is text only because a negative number was typed without parentheses.</summary>
    public static bool Is(object argument, InvocationInfo invocation) =>
        argument is string text
        && text.StartsWith('-')
        && WholeNumber.IsNumber(text)
        && Parser.ParseInput(invocation.Line, out _, out _)
            .FindAll(ast => ast is CommandAst, searchNestedScriptBlocks: true)
            .Cast<CommandAst>()
            .Where(command => command.Extent.StartColumnNumber == invocation.OffsetInLine)
            .SelectMany(command => command.CommandElements)
            .Any(element => element.Extent.Text == text);
}
