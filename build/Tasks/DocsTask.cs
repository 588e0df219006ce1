namespace DmaBuf.Build;

/// <summary>Makes the help and checks that every cmdlet has a page.</summary>
internal static class DocsTask
{
    public static async Task<int> RunAsync(TaskArguments arguments, CancellationToken cancellationToken)
    {
        arguments.Finish();
        await HelpFiles.UpdateAsync(cancellationToken);
        string[] missing = HelpFiles.CmdletsWithoutPage();
        foreach (string cmdlet in missing)
            Report.Line($"docs/help/{cmdlet}.md is missing.");
        Report.LeftOut();
        return missing.Length == 0 ? 0 : 1;
    }
}
