using System.Management.Automation;
using System.Management.Automation.Language;

namespace DmaBufPS;

/// <summary>Names as they are typed on the command line, where some need quotes.</summary>
internal static class QuotedName
{
    private static readonly char[] s_quotes = ['\'', '"'];

    /// <summary>The part of a name that was typed so far. PowerShell passes an opening quote along with it.</summary>
    public static string Typed(string? word) => (word ?? "").Trim(s_quotes);

    /// <summary>
    /// Completes a parameter that takes wildcards to exactly this name, whatever characters it contains.
    /// </summary>
    public static CompletionResult Complete(string name)
    {
        var pattern = WildcardPattern.Escape(name);
        var text = IsBareWord(pattern) ? pattern : $"'{CodeGeneration.EscapeSingleQuotedStringContent(pattern)}'";
        return new CompletionResult(text, name, CompletionResultType.ParameterValue, name);
    }

    /// <summary>
    /// Completes a parameter that takes text as it is. Digits are quoted too: without quotes, they are a number.
    /// </summary>
    public static CompletionResult CompleteLiteral(string text, string toolTip)
    {
        var typed = IsBareWord(text) && char.IsLetter(text[0])
            ? text
            : $"'{CodeGeneration.EscapeSingleQuotedStringContent(text)}'";
        return new CompletionResult(typed, text, CompletionResultType.ParameterValue, toolTip);
    }

    private static bool IsBareWord(string text) =>
        text.Length > 0
        && char.IsLetterOrDigit(text[0])
        && text.All(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.' or ':' or '/');
}
