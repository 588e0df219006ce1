using System.Runtime.InteropServices;

namespace DmaBuf.Build;

/// <summary>Gets this computer ready for emulated machines.</summary>
internal static class MachineSetup
{
    /// <summary>What is missing for a machine, in words, or null when one can start.</summary>
    public static async Task<string?> MissingAsync(CancellationToken cancellationToken) =>
        await MissingAsync(DebianSetup.Emulator, cancellationToken);

    /// <summary>What is missing for a Xen host, in words, or null when one can start.</summary>
    public static async Task<string?> MissingForXenAsync(CancellationToken cancellationToken) =>
        await MissingAsync([.. DebianSetup.Emulator, .. DebianSetup.Xen], cancellationToken);

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
