using DmaBuf.Lab;

namespace DmaBuf.Build;

/// <summary>Prepares this computer for emulated machines.</summary>
internal static class MachineSetup
{
    /// <summary>Returns what a machine still needs, in words, or null when one can start.</summary>
    public static Task<string?> MissingAsync(
        CancellationToken cancellationToken, MachineArchitecture? architecture = null) =>
        EnsureAsync([.. Emulator(architecture)], cancellationToken);

    /// <summary>Returns what a host with guests still needs, in words, or null when one can start.</summary>
    public static Task<string?> MissingForGuestsAsync(
        CancellationToken cancellationToken, MachineArchitecture? architecture = null) =>
        EnsureAsync([.. Emulator(architecture), .. DebianSetup.Guests], cancellationToken);

    /// <summary>
    /// Returns what compiling the grant drivers for a foreign architecture still needs, in words, or null.
    /// </summary>
    public static async Task<string?> MissingForDriverAsync(
        GrantDriver driver, MachineArchitecture architecture, CancellationToken cancellationToken) =>
        driver == GrantDriver.Distribution || !architecture.IsForeign
            ? null
            : await EnsureAsync([architecture.CrossCompilerPackage, "make"], cancellationToken);

    /// <summary>Reads -Arch; without it, the architecture is this computer's.</summary>
    public static MachineArchitecture TakeArchitecture(TaskArguments arguments)
    {
        if (arguments.TakeOption("Arch") is not string name)
            return MachineArchitecture.OfThisComputer;
        return MachineArchitecture.Find(name)
            ?? throw new BuildException($"-Arch must be x64 or arm64, not \"{name}\".");
    }

    private static string[] Emulator(MachineArchitecture? architecture) =>
        [(architecture ?? MachineArchitecture.OfThisComputer).QemuPackage, .. DebianSetup.Emulator];

    private static async Task<string?> EnsureAsync(string[] packages, CancellationToken cancellationToken)
    {
        if (!await DebianSetup.EnsureAsync("machine", packages, cancellationToken))
            return string.Join(", ", packages);
        await DebianSetup.EnsureListsAsync(cancellationToken);
        return null;
    }
}
