using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>Prepares this computer for emulated machines.</summary>
internal static class MachineSetup
{
    /// <summary>Returns what a machine still needs, in words, or null when one can start.</summary>
    public static Task<string?> MissingAsync(CancellationToken cancellationToken, Processor? processor = null) =>
        EnsureAsync([.. Emulator(processor)], cancellationToken);

    /// <summary>Returns what a host with guests still needs, in words, or null when one can start.</summary>
    public static Task<string?> MissingForGuestsAsync(
        CancellationToken cancellationToken, Processor? processor = null) =>
        EnsureAsync([.. Emulator(processor), .. DebianSetup.Guests], cancellationToken);

    /// <summary>Returns what compiling a grant driver for another processor needs, in words, or null.</summary>
    public static async Task<string?> MissingForDriverAsync(
        GrantDriver driver, Processor processor, CancellationToken cancellationToken) =>
        driver == GrantDriver.Distribution || processor.IsOwn
            ? null
            : await EnsureAsync([.. processor.CrossCompiler, "make"], cancellationToken);

    /// <summary>
    /// Returns the command that starts PowerShell in a machine, and the folder with the module for it. The command is
    /// empty where there is no PowerShell.
    /// </summary>
    public static async Task<(IReadOnlyList<string> PowerShell, string Modules)> PowerShellAsync(
        Processor processor, CancellationToken cancellationToken)
    {
        if (processor.IsOwn)
        {
            await Pwsh.EnsureAsync(cancellationToken);
            return (Pwsh.Command ?? [], Repository.Modules);
        }

        return await SelfContainedPowerShell.GetAsync(processor, cancellationToken) is { } powerShell
            ? ([powerShell.Program], await ModuleCopy.UpdateAsync(powerShell.Runtime, cancellationToken))
            : ([], Repository.Modules);
    }

    private static string[] Emulator(Processor? processor) =>
        [(processor ?? Processor.Own).Machine.QemuPackage, .. DebianSetup.Emulator];

    private static async Task<string?> EnsureAsync(string[] packages, CancellationToken cancellationToken)
    {
        if (!await DebianSetup.EnsureAsync("machine", packages, cancellationToken))
            return string.Join(", ", packages);
        await DebianSetup.EnsureListsAsync(cancellationToken);
        return null;
    }
}
