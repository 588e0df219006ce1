namespace DmaBuf.Build;

/// <summary>
/// Makes the help, and checks that each cmdlet has a page and that PlatyPS reads the pages as this program does.
/// </summary>
internal static class DocsTask
{
    public static async Task<int> RunAsync(TaskArguments arguments, CancellationToken cancellationToken)
    {
        arguments.Finish();
        HelpFiles.Update();
        var missing = HelpFiles.CmdletsWithoutPage();
        foreach (var cmdlet in missing)
            Report.Line($"docs/help/{cmdlet}.md is missing.");
        var differences = await PlatyPSCheck.RunAsync(cancellationToken);
        foreach (var difference in differences)
            Report.Line(difference);
        Report.LeftOut();
        return missing.Length == 0 && differences.Length == 0 ? 0 : 1;
    }
}
