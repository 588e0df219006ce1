using System.Runtime.InteropServices;

namespace DmaBuf.Build;

/// <summary>Prepares this computer for emulated machines.</summary>
internal static class MachineSetup
{
    /// <summary>Returns what a machine still needs, in words, or null when one can start.</summary>
    public static async Task<string?> MissingAsync(CancellationToken cancellationToken) =>
        await MissingAsync(DebianSetup.Emulator, cancellationToken);

    /// <summary>Returns what a host with guests still needs, in words, or null when one can start.</summary>
    public static async Task<string?> MissingForGuestsAsync(CancellationToken cancellationToken) =>
        await MissingAsync([.. DebianSetup.Emulator, .. DebianSetup.Guests], cancellationToken);

    private static async Task<string?> MissingAsync(string[] packages, CancellationToken cancellationToken)
    {
        if (RuntimeInformation.OSArchitecture != Architecture.X64)
            return "an x86-64 computer, because it runs this computer's own programs";
        if (!await DebianSetup.EnsureAsync("machine", packages, cancellationToken))
            return string.Join(", ", packages);
        await DebianSetup.EnsureListsAsync(cancellationToken);
        return null;
    }
}
