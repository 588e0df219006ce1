using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>What the tasks need of every host with guests.</summary>
internal static class GuestHosts
{
    private static string[]? s_guestFiles;

    /// <summary>Adds PowerShell and the module, for the host and its guests, to a host's options.</summary>
    public static async Task<T> WithPowerShellAsync<T>(T options, CancellationToken cancellationToken)
        where T : GuestHostOptions
    {
        await Pwsh.EnsureAsync(cancellationToken);
        return options with
        {
            PowerShell = Pwsh.Command ?? [],
            GuestFiles = s_guestFiles ??= await FilesInUseAsync(cancellationToken),
            ModuleFolder = Repository.Modules,
            Say = Report.Note,
        };
    }

    /// <summary>
    /// Does the same for a host and guests with another processor, which have PowerShell with its own .NET.
    /// </summary>
    public static async Task<T> WithPowerShellAsync<T>(
        T options, Processor processor, CancellationToken cancellationToken)
        where T : GuestHostOptions
    {
        options = options with { Architecture = processor.Machine };
        var own = await WithPowerShellAsync(options, cancellationToken);
        if (processor.IsOwn)
            return own;
        if (await SelfContainedPowerShell.GetAsync(processor, cancellationToken) is not { } powerShell)
            return own with { PowerShell = [], GuestFiles = [], ModuleFolder = null };
        var modules = await ModuleCopy.UpdateAsync(powerShell.Runtime, cancellationToken);
        return own with
        {
            PowerShell = [powerShell.Program],
            GuestFiles = powerShell.SessionFiles(own.GuestFiles),
            ModuleFolder = modules,
            // Scripts load this copy of the module instead of out/DmaBufPS.
            Variables = new Dictionary<string, string> { ["DMABUFPS_MODULE"] = Path.Combine(modules, "DmaBufPS") },
        };
    }

    /// <summary>Lists the files that a PowerShell session with the module reads.</summary>
    private static async Task<string[]> FilesInUseAsync(CancellationToken cancellationToken)
    {
        if (Pwsh.Home is null)
            return [];
        // With the guests' variables, because those decide which files PowerShell reads.
        string[] variables = [.. new GuestCommand(string.Empty).Variables.Select(pair => $"{pair.Key}={pair.Value}")];
        string[] words = [.. variables, .. Pwsh.Script("files.ps1", "-Module", Repository.Module)];
        var files = await HostCommand.TryRunAsync("env", words, null, cancellationToken);
        if (files.ExitCode == 0)
            return files.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Report.Note($"Guests will read PowerShell's files from their host, which is slow: {files.Error.Trim()}");
        return [];
    }
}
