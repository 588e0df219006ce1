namespace DmaBuf.Build;

/// <summary>Fails where a page's SYNTAX and PARAMETERS sections contradict each other.</summary>
internal static class SyntaxCheck
{
    private const string SwitchType = "System.Management.Automation.SwitchParameter";

    public static void Run(
        IReadOnlyList<HelpSyntax> syntax, IReadOnlyList<HelpParameter> parameters, PageSource source)
    {
        foreach (var set in syntax)
        {
            foreach (var parameter in set.Parameters)
                Check(set, parameter, parameters.FirstOrDefault(known => known.Name == parameter.Name), source);
        }

        foreach (var parameter in parameters)
        {
            foreach (var set in parameter.Sets)
                Check(parameter, set, syntax, source);
        }
    }

    private static void Check(HelpSyntax set, HelpSyntaxParameter shown, HelpParameter? known, PageSource source)
    {
        if (known is null)
            throw source.Error(set.Line, $"PARAMETERS does not describe -{shown.Name}");
        if (known.In(set.Set) is not HelpParameterSet described)
            throw source.Error(set.Line, $"according to its yaml, -{shown.Name} is not in the set {set.Set}");
        if (Contradiction(shown, described, known.Type == SwitchType) is string contradiction)
            throw source.Error(set.Line, $"-{shown.Name} {contradiction} here, but not in its yaml");
    }

    private static string? Contradiction(HelpSyntaxParameter shown, HelpParameterSet described, bool isSwitch)
    {
        if (shown.IsRequired != described.IsRequired)
            return shown.IsRequired ? "is required" : "is optional";
        if (shown.IsPositional != described.IsPositional)
            return shown.IsPositional ? "is positional" : "is named";
        if (shown.IsSwitch != isSwitch)
            return shown.IsSwitch ? "is a switch" : "takes a value";
        return null;
    }

    private static void Check(
        HelpParameter parameter, HelpParameterSet set, IReadOnlyList<HelpSyntax> syntax, PageSource source)
    {
        HelpSyntax[] covered = [.. syntax.Where(candidate => set.Covers(candidate.Set))];
        if (covered.Length == 0)
            throw source.Error(parameter.Line, $"SYNTAX lacks the set {set.Name}, to which -{parameter.Name} belongs");
        if (covered.FirstOrDefault(line => line.Parameters.All(shown => shown.Name != parameter.Name)) is { } lacking)
            throw source.Error(lacking.Line, $"according to its yaml, -{parameter.Name} is missing here");
    }
}
